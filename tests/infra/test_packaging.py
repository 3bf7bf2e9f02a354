"""What is shipped: the right files, importable as they are, small, and the same every time."""

import io
import json
import os
import platform
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import botocore
import pytest

from infra.assets import staging
from infra.assets.bytecode import HOST_PYTHON, interpreter
from infra.assets.lock_file import UnreadableLockError, for_python
from infra.assets.prune import SERVICES
from infra.assets.staging import HOST, LAMBDA, ROOT, stage_function, stage_layer, tree_digest
from infra.functions import FUNCTIONS, FunctionSpec
from tests.infra.assembly import Assembly

MEGABYTE = 1_000_000
TEMPLATES = Path("functions/notifications/channels/email/templates")
each_function = pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)

PROBE = """
import importlib, json, sys
asset, layer, handler = sys.argv[1:]
sys.path[:0] = [asset, layer]
module, _, name = handler.rpartition(".")
loaded = importlib.import_module(module)
assert callable(getattr(loaded, name))
ours = [m for n, m in sys.modules.items() if n.split(".")[0] in ("functions", "shared")]
print(json.dumps([m.__file__ for m in ours if getattr(m, "__file__", None)]))
"""


TRUSTED = """
import ssl, sys
sys.path[:0] = sys.argv[1:]
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.httpsession import get_cert_path
import certifi
for path in (get_cert_path(True), certifi.where()):
    ssl.create_default_context(cafile=path)
    print(path)
"""


def staged(assembly: Assembly, key: str) -> Path:
    """The folder behind an asset of the template."""
    return assembly.folder / f"asset.{key.removesuffix('.zip')}"


def layer_of(assembly: Assembly) -> Path:
    """The folder of the one layer."""
    (layer,) = assembly.resources("AWS::Lambda::LayerVersion")
    return staged(assembly, layer.properties["Content"]["S3Key"])


def files_in(folder: Path) -> dict[str, Path]:
    """Every file by its name inside the folder."""
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }


@each_function
def test_the_deployed_handler_imports_from_its_asset_and_the_layer_alone(
    synthesize, spec: FunctionSpec
):
    """A module has one dotted name (decision 0001). No checkout, no site-packages: as in Lambda."""
    assembly: Assembly = synthesize("local")
    function = assembly.functions()[spec.name].properties
    asset, layer = staged(assembly, function["Code"]["S3Key"]), layer_of(assembly) / "python"

    result = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", PROBE, asset, layer, function["Handler"]],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    imported = [Path(name) for name in json.loads(result.stdout)]
    assert all(path.is_relative_to(asset) or path.is_relative_to(layer) for path in imported)


def test_the_layer_trusts_the_certificates_that_it_brings_and_has_the_log_and_the_metrics(
    synthesize,
):
    """botocore's own certificates and most of Powertools are left out."""
    layer = layer_of(synthesize("local")) / "python"

    result = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", TRUSTED, layer],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert [Path(line) for line in result.stdout.split()] == [layer / "certifi" / "cacert.pem"] * 2
    assert not (layer / "botocore" / "cacert.pem").exists()


@each_function
def test_a_function_ships_its_own_folder_and_nothing_else(assembly: Assembly, spec: FunctionSpec):
    """Above all no `shared`, which would shadow the layer, and no other function."""
    folder = staged(assembly, assembly.functions()[spec.name].properties["Code"]["S3Key"])

    names = files_in(folder)
    assert all(name.startswith(f"functions/{spec.name}/") for name in names)
    assert f"functions/{spec.name}/settings.py" in names
    assert not [name for name in names if name.endswith(".md")]


def test_the_mail_templates_travel_with_their_function(prod: Assembly):
    """They are code as much as any module."""
    folder = staged(prod, prod.functions()["notifications"].properties["Code"]["S3Key"])

    source = ROOT / TEMPLATES
    shipped = folder / TEMPLATES
    assert {path.name for path in shipped.iterdir()} >= {p.name for p in source.glob("*.j2")}


def test_everything_compiled_is_valid_whatever_the_file_times(synthesize):
    """Archives reset times: only unchecked-hash bytecode survives, and every module has it."""
    assembly: Assembly = synthesize("local")

    for folder in (
        layer_of(assembly),
        *(staged(assembly, f.properties["Code"]["S3Key"]) for f in assembly.functions().values()),
    ):
        names = files_in(folder)
        compiled = {name: path for name, path in names.items() if name.endswith(".pyc")}
        flags = {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled.values()}
        assert flags == {0b01}
        assert len(compiled) == len([name for name in names if name.endswith(".py")])


def test_bytecode_knows_lambda_s_paths_and_not_this_machine_s(synthesize):
    """Tracebacks name files as the function sees them, and builds on two machines agree."""
    layer = layer_of(synthesize("local"))

    for path in layer.rglob("*.pyc"):
        content = path.read_bytes()
        assert b"/opt/python/" in content, path
        assert str(ROOT).encode() not in content, path


def test_the_layer_for_lambda_is_small_and_made_for_its_platform(prod: Assembly):
    """Size is cold start and quota: 10 MB zipped, 27 MB unpacked."""
    layer = layer_of(prod)
    names = files_in(layer)

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in names.items():
            archive.write(path, name)
    libraries = [name for name in names if name.endswith(".so")]
    assert packed.tell() <= 10 * MEGABYTE
    assert sum(path.stat().st_size for path in names.values()) <= 27 * MEGABYTE
    assert libraries
    assert all("cpython-313-aarch64" in name for name in libraries)


def test_the_layer_holds_the_services_we_call_and_no_others(assembly: Assembly):
    """Each further service is megabytes; each missing one is an error at the first call."""
    data = layer_of(assembly) / "python" / "botocore" / "data"

    assert {path.name for path in data.iterdir() if path.is_dir()} == set(SERVICES)
    for service in SERVICES:
        assert list(data.glob(f"{service}/*/service-2.json.gz"))
    for name in (
        "endpoints.json",
        "partitions.json",
        "_retry.json",
        "sdk-default-configuration.json",
    ):
        assert (data / name).exists()


ENDPOINTS = """
import json, sys
sys.path[:0] = sys.argv[1:2]
from botocore.session import Session
session = Session()
regions = ["eu-central-1", "us-east-1", "ap-southeast-4", "cn-north-1", "us-gov-west-1", "xx-new-9"]
print(json.dumps({
    f"{service} {region}": session.create_client(
        service, region, aws_access_key_id="k", aws_secret_access_key="s"
    ).meta.endpoint_url
    for service in sys.argv[2:] for region in regions
}))
"""


def test_the_services_we_call_are_where_they_were_before_the_others_were_left_out(
    assembly: Assembly,
):
    """Also in the partitions with names of their own, and in a region that is not born yet."""
    site = layer_of(assembly) / "python"
    complete = Path(botocore.__file__).parent.parent

    answers = [
        subprocess.run(
            [sys.executable, "-I", "-B", "-c", ENDPOINTS, folder, *SERVICES],
            env={},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for folder in (site, complete)
    ]

    assert answers[0] == answers[1]
    assert "https://email.eu-central-1.amazonaws.com" in answers[0]
    assert (site / "botocore" / "data" / "endpoints.json").stat().st_size < 100_000


def test_no_function_brings_what_only_the_tests_need(assembly: Assembly):
    """The layer is the lock of the layer: nothing came along from the building machine."""
    present = {path.name for path in (layer_of(assembly) / "python").iterdir()}

    assert "shared" in present
    assert not present & {
        "boto3",
        "qstash",
        "httpx",
        "jwt",
        "pytest",
        "aws_cdk",
        "bin",
        "functions",
    }


def test_the_layer_s_shared_is_this_checkout_s(assembly: Assembly):
    """Copied whole, without the caches of whoever ran it last."""
    folder = layer_of(assembly) / "python" / "shared"

    shipped = {name for name in files_in(folder) if not name.endswith(".pyc")}
    source = {
        name
        for name in files_in(ROOT / "shared")
        if "__pycache__" not in name and not name.endswith(".md")
    }
    assert shipped == source


def test_two_builds_of_the_layer_are_the_same_to_the_byte(tmp_path: Path):
    """S28: the build that everybody uses, and one from nothing; bytecode and permissions included."""
    first = stage_layer(HOST)
    second = stage_layer(HOST, cache=tmp_path)

    assert first.digest == second.digest
    assert tree_digest(first.path) == tree_digest(second.path)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in files_in(second.path).values()}
    assert modes == {0o644}


def test_a_second_build_is_a_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever is already built is not built again."""
    first = stage_function("orders", HOST, cache=tmp_path)
    monkeypatch.setattr(staging, "_copy", None)

    assert stage_function("orders", HOST, cache=tmp_path) == first


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in place of this one."""
    for name in ("orders", "inventory"):
        folder = tmp_path / "project" / "functions" / name
        folder.mkdir(parents=True)
        (folder / "handler.py").write_text("x = 1\n")
    monkeypatch.setattr(staging, "ROOT", tmp_path / "project")
    return tmp_path / "project"


def test_a_change_in_one_function_redeploys_that_function_only(project: Path, tmp_path: Path):
    """And a change in prose or in a cache redeploys nothing."""
    cache = tmp_path / "cache"
    before = stage_function("orders", HOST, cache=cache).digest

    (project / "functions" / "inventory" / "handler.py").write_text("x = 2\n")
    (project / "functions" / "orders" / "README.md").write_text("words")
    (project / "functions" / "orders" / "__pycache__").mkdir()
    (project / "functions" / "orders" / "__pycache__" / "handler.cpython-311.pyc").write_bytes(b"x")
    unchanged = stage_function("orders", HOST, cache=cache).digest
    (project / "functions" / "orders" / "handler.py").write_text("x = 2\n")
    changed = stage_function("orders", HOST, cache=cache).digest

    assert before == unchanged != changed


def test_old_builds_are_forgotten(project: Path, tmp_path: Path):
    """A cache that only grows fills a disk."""
    cache = tmp_path / "cache"
    for number in range(8):
        (project / "functions" / "orders" / "handler.py").write_text(f"x = {number}\n")
        stage_function("orders", HOST, cache=cache)

    assert len(list(cache.glob("function-orders-*"))) == 4


def test_assets_for_another_python_are_other_assets():
    """Bytecode of one version is dead weight in another, and wheels may not load at all."""
    assert HOST.python == HOST_PYTHON
    assert HOST.release == platform.python_version()
    assert HOST.key() != LAMBDA.key()


def test_without_the_right_python_there_is_no_bytecode_but_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A version manager's shim for a version it does not have is no Python either."""
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert interpreter.__wrapped__("3.99") is None

    assert capsys.readouterr().err.count("\n") == 1


LOCK = """\
always==1.0 \\
    --hash=sha256:aa
older==2.0 ; python_full_version < '3.11.3' \\
    --hash=sha256:bb
newer==3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
"""


@pytest.mark.parametrize(
    ("python", "kept"),
    [
        ("3.13", {"always", "newer"}),
        ("3.11", {"always"}),
        ("3.11.3", {"always"}),
        ("3.11.2", {"always", "older"}),
        ("3.10", {"always", "older"}),
    ],
)
def test_the_lock_is_read_for_the_python_that_will_run(python: str, kept: set[str]):
    """Not for the one that builds: else two machines would ship two layers under one name."""
    read = for_python(LOCK, python)

    assert {line.split("==")[0] for line in read.splitlines() if "==" in line} == kept
    assert read.count("--hash") == len(kept)
    assert ";" not in read


def test_a_marker_that_is_not_understood_is_not_guessed_at():
    """Adding such a package asks for a decision."""
    with pytest.raises(UnreadableLockError, match="sys_platform"):
        for_python("colour==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n", "3.13")
