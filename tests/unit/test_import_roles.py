"""What a module of a function may use follows from its role, and its role is its name's last word.

A name with no role here is pure. So a new pure file is guarded from its first day, and no list has
to be kept.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "functions").rglob("*.py"))


@dataclass(frozen=True)
class Role:
    """What a module may use beyond what a pure one may.

    Args:
        libraries: third-party packages.
        also: dotted names that a pure module may not use.
    """

    libraries: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()


PURE = Role()
_ANYTHING_SHARED = ("shared", "functions")
_WIRING = Role(also=_ANYTHING_SHARED)
_STORE = Role(also=("shared.storage.ports", "shared.messaging.ledger", "secrets"))
_AWS = Role(frozenset({"botocore"}), _ANYTHING_SHARED)
_USE_CASES = Role(also=("shared.messaging.ledger",))
ROLES = {
    # What puts a function together.
    **dict.fromkeys(("__init__", "handler", "wiring", "compose", "registry"), _WIRING),
    "settings": Role(also=("shared.kernel.settings",)),
    # What coordinates, and what it needs from outside, as protocols.
    **dict.fromkeys(("service", "ports", "api", "wire"), _USE_CASES),
    # What knows the tables.
    **dict.fromkeys(("store", "ledger", "devices"), _STORE),
    # What knows a service or a library.
    **dict.fromkeys(("sns", "ses"), _AWS),
    "rendering": Role(frozenset({"jinja2"}), ("pathlib",)),
    # Messages that failed, as QStash keeps them.
    "messages": Role(also=("shared.adapters",)),
}
LIBRARIES = frozenset({"pydantic"})
# Whatever these offer is the world outside, the time of day, or chance.
OUTSIDE = (
    "asyncio",
    "builtins.__import__",
    "builtins.open",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "ftplib",
    "http.client",
    "importlib",
    "io.open",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid.getnode",
    "uuid.uuid1",
    "uuid.uuid4",
    # Of ours: what reaches the outside, wires, or reads settings.
    "shared.adapters",
    "shared.client",
    "shared.kernel.clock.SystemClock",
    "shared.kernel.settings",
    "shared.messaging.compose",
    "shared.messaging.ledger",
    "shared.messaging.processor",
    "shared.runtime",
    "shared.storage.ports",
    "shared.telemetry.powertools",
)


def role_of(path: Path) -> Role:
    """By the last word of the name: a ``dead_letter_store`` is a store."""
    return ROLES.get(path.stem) or ROLES.get(path.stem.rpartition("_")[2], PURE)


def violations(path: Path, source: str) -> list[str]:
    """Every name that a module of this role may not use."""
    role = role_of(path)
    return sorted({name for name in _used(ast.parse(source)) if not _allowed(name, role)})


def _allowed(name: str, role: Role) -> bool:
    if _within(name, role.also):
        return True
    first = name.partition(".")[0]
    if first == "functions":
        return not _is_outer(name)
    ours = first in {"shared", "builtins"} or first in sys.stdlib_module_names
    return (ours or first in role.libraries | LIBRARIES) and not _within(name, OUTSIDE)


def _is_outer(name: str) -> bool:
    """Whether it is in a module that wires, stores or knows a service: no inner module may use it."""
    inner = {PURE, _USE_CASES}
    for parts in range(len(name.split(".")), 1, -1):
        path = ROOT.joinpath(*name.split(".")[:parts]).with_suffix(".py")
        if path.exists():
            return role_of(path) not in inner
    return False


def _within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _used(tree: ast.Module) -> Iterator[str]:
    """Dotted names of everything that is imported, and of what is then taken from it."""
    known: dict[str, str] = {"open": "builtins.open", "__import__": "builtins.__import__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                known[alias.asname or alias.name] = f"{module}.{alias.name}"
                yield f"{module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in known:
                yield known[first] + dot + rest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_of_a_function_uses_what_its_role_may(path):
    assert violations(path, path.read_text(encoding="utf-8")) == []


PURE_FILES = (
    "functions/notifications/channels/sms/segments.py",
    "functions/commands/reservation_rules.py",
    "functions/notifications/send_once.py",
    "functions/orders/domain.py",
    "functions/commands/events.py",
    "functions/orders/a_file_of_tomorrow.py",
)
PLANTED = {
    "import boto3": "boto3",
    "import botocore.exceptions": "botocore.exceptions",
    "from redis import Redis": "redis.Redis",
    "import requests": "requests",
    "import urllib3": "urllib3",
    "from datetime import datetime as d\nd.now()": "datetime.datetime.now",
    "import datetime\ndatetime.datetime.now(datetime.UTC)": "datetime.datetime.now",
    "from datetime import date\ndate.today()": "datetime.date.today",
    "from time import time": "time.time",
    "def f():\n    import time\n    return time.time()": "time.time",
    "from random import random": "random.random",
    "from uuid import uuid4": "uuid.uuid4",
    "import uuid as ids\nids.uuid4()": "uuid.uuid4",
    "from secrets import token_hex": "secrets.token_hex",
    "from os import environ": "os.environ",
    "open('x')": "builtins.open",
    "from shared.adapters import redis_claims": "shared.adapters.redis_claims",
    "from shared.runtime import clients": "shared.runtime.clients",
    "from shared.kernel.clock import SystemClock": "shared.kernel.clock.SystemClock",
    "from shared.storage.ports import Tables": "shared.storage.ports.Tables",
    "from functions.orders.store import OrderTables": "functions.orders.store.OrderTables",
    "from functions.notifications.channels import sns": "functions.notifications.channels.sns",
    "from . import store": "..store",
}


@pytest.mark.parametrize("file", PURE_FILES)
@pytest.mark.parametrize("planted", PLANTED)
def test_what_reaches_outside_is_found_in_every_pure_file(file, planted):
    path = ROOT / file
    source = path.read_text(encoding="utf-8") if path.exists() else ""

    assert PLANTED[planted] in violations(path, f"{source}\n{planted}\n")


@pytest.mark.parametrize("role", ["store", "service", "ports", "handler", "settings", "wire"])
def test_no_role_but_those_that_talk_to_a_service_may_use_its_library(role):
    path = ROOT / f"functions/orders/{role}.py"

    assert violations(path, "import botocore\nimport redis\n") == ["botocore", "redis"]
    assert violations(path, "from datetime import datetime\ndatetime.now()\n")


def test_a_store_may_know_the_tables_and_a_pure_file_the_kernel_contracts_and_records():
    store, pure = ROOT / "functions/orders/new_store.py", ROOT / "functions/orders/rules.py"

    assert violations(store, "from shared.storage.ports import Tables\n") == []
    assert (
        violations(
            pure,
            "import re\nfrom datetime import UTC, datetime\nimport pydantic\n"
            "from shared.kernel import ids\nfrom shared.contracts import orders\n"
            "from shared.commerce import cart\nfrom shared.storage.records import stock\n",
        )
        == []
    )
