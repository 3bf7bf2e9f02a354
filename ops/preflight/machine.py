"""What the deploying machine needs: the Python that Lambda runs, for bytecode, and Node for CDK."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from infra.assets.bytecode import found
from infra.assets.staging import LAMBDA, ROOT
from ops.core.finding import Check, Finding, mend, ok

Run = Callable[[Sequence[str]], str]
"""A command in, what it printed out; OSError where it cannot be run."""
_CDK = Path("node_modules/aws-cdk/package.json")
_VERSION = re.compile(r"v(\d{1,4})\.[0-9.]+")
_LEAST = re.compile(r">=\s*(\d{1,4})\.")
_SECONDS = 20


def checks(
    folder: Path = ROOT,
    find_python: Callable[[str], str | None] = found,
    run: Run | None = None,
) -> Iterator[Check]:
    """Python and Node.

    Args:
        folder: the checkout.
        find_python: the path of a Python of this version, None if there is none.
        run: runs a command; the real one, if no other is given.
    """
    yield Check("Python for bytecode", partial(_python, find_python))
    yield Check("Node for CDK", partial(_node, folder, run or _run))


def _python(find_python: Callable[[str], str | None]) -> Finding:
    path = find_python(LAMBDA.python)
    if path is not None:
        return ok(f"python{LAMBDA.python} at {path}")
    return mend(
        f"no python{LAMBDA.python} on the PATH: functions would start almost three times slower",
        f".venv/bin/uv python install {LAMBDA.python}",
    )


def _node(folder: Path, run: Run) -> Finding:
    try:
        engines = json.loads((folder / _CDK).read_text(encoding="utf-8"))["engines"]["node"]
        version = _VERSION.fullmatch(run([str(folder / ".venv/bin/node"), "--version"]).strip())
    except OSError:
        return mend("Node or the CDK command line is not installed", "make setup")
    least = _LEAST.search(engines)
    if version is None or least is None:
        return mend("Node does not say its version", "make setup")
    if int(version[1]) < int(least[1]):
        return mend(f"Node {version[0]}, and the CDK command line needs {engines}", "make setup")
    return ok(f"Node {version[0]}")


def _run(command: Sequence[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    return result.stdout
