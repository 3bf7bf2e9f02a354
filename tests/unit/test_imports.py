"""Importing a module does nothing: no environment, file, socket, thread or process at its top level.

One kind of module is excepted: the handlers, which ask whether Lambda starts this process.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = [
    "analytics",
    "checkout",
    "commands",
    "inventory",
    "notifications",
    "orders",
    "reconciler",
]
HANDLERS = {f"functions.{name}.handler" for name in FUNCTIONS}
FOLDERS = ["commandline", "shared", "functions", "infra", "local", "ops"]
# What no cold start may pay for: tracing, clients of tests and operators, and what only one needs.
HEAVY = ["boto3", "httpx", "jwt", "qstash", "aws_xray_sdk", "jinja2"]

# Arguments: the folder of the project, and the modules to import. Prints what module of ours did
# what while it was imported. What a library does for itself when it is imported is its own.
IMPORT_ALL = """
import collections.abc, importlib, json, os, signal, sys, threading

ROOT = sys.argv[1]
done = []

def importing():
    "The innermost module that is being imported now, if it is one of ours."
    frame = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        # pydantic looks for its plugins when the first model is declared; jsii reads its options
        # whenever a value of the CDK is made, such as a duration.
        if "/pydantic/plugin/" in path or "/site-packages/jsii/" in path:
            return None
        if frame.f_code.co_name == "<module>":
            name = frame.f_globals.get("__name__", "")
            ours = path.startswith(ROOT + "/") and "site-packages" not in path
            return name if ours else None
        frame = frame.f_back
    return None

def note(what):
    module = importing()
    if module not in (None, "__main__"):
        done.append([module, what])

class Environment(collections.abc.MutableMapping):
    def __init__(self, values):
        self.values_ = values
    def __getitem__(self, name):
        note(f"environment {name}")
        return self.values_[name]
    def __contains__(self, name):
        note(f"environment {name}")
        return name in self.values_
    def __iter__(self):
        note("environment")
        return iter(self.values_)
    def __len__(self):
        return len(self.values_)
    def __setitem__(self, name, value):
        note(f"environment {name} =")
        self.values_[name] = value
    def __delitem__(self, name):
        note(f"environment del {name}")
        del self.values_[name]
    def copy(self):
        return dict(self)

WATCHED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.putenv", "os.unsetenv", "os.mkdir", "os.remove", "os.rename", "tempfile.",
    "_thread.start_new_thread", "_thread.start_joinable_thread",
)
SOURCE = (".py", ".pyc", ".so", ".pth", ".zip", ".dist-info/METADATA")

def audit(event, arguments):
    if event.startswith(WATCHED):
        note(event)
    elif event == "open" and not str(arguments[0]).endswith(SOURCE):
        note(f"open {arguments[0]}")

def watch(owner, name):
    "What has no audit event in every Python."
    original = getattr(owner, name)
    def noting(*arguments, **named):
        note(name)
        return original(*arguments, **named)
    setattr(owner, name, noting)

os.environ = Environment(os.environ)
watch(threading.Thread, "start")
watch(signal, "signal")
sys.addaudithook(audit)
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps(sorted(map(tuple, done))))
"""

# What is imported in Lambda is held to more: its libraries, too, touch nothing.
IMPORT_DEPLOYED = """
import importlib, json, sys
import urllib3.util.connection  # tries on import whether this machine has IPv6: not our doing

events = []

def audit(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.fork")):
        events.append(f"{event}")
    elif event == "open":
        path, mode = str(arguments[0]), arguments[1]
        writing = isinstance(mode, str) and set(mode) & set("wax+")
        source = path.endswith((".py", ".pyc", ".so", ".pth", ".zip", ".dist-info/METADATA"))
        inside = path.startswith(tuple(folders))
        if (writing and ".pyc" not in path) or not (inside or source):
            events.append(f"open {path} {mode}")

folders, names = json.loads(sys.argv[1]), sys.argv[2:]
sys.addaudithook(audit)
for name in names:
    importlib.import_module(name)
print(json.dumps(events))
"""


def run(code: str, *arguments: str, root: Path = ROOT, is_quiet: bool = True) -> str:
    """Run in a fresh interpreter with an empty environment.

    Args:
        is_quiet: whether nothing may be said on the way.
    """
    program = f"import sys; sys.path.insert(0, {str(root)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", program, *arguments],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" or not is_quiet
    return done.stdout


def modules(folder: str) -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / folder).rglob("*.py")
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_does_anything_when_it_is_imported(folder):
    names = modules(folder)
    assert len(names) > 3

    # The CDK has opinions about the Node of this machine.
    done = json.loads(run(IMPORT_ALL, str(ROOT), *names, is_quiet=folder != "infra"))

    assert [what for what in done if what[0] not in HANDLERS] == []
    # An exception that is none any more is taken off the list.
    excepted = {module for module, _what in done}
    assert excepted == (HANDLERS if folder == "functions" else set())


def test_a_handler_asks_only_whether_lambda_starts_this_process():
    done = json.loads(run(IMPORT_ALL, str(ROOT), *sorted(HANDLERS)))

    assert {what for _module, what in done} == {"environment AWS_LAMBDA_INITIALIZATION_TYPE"}


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.environ.get('HOME')",
        "import os; os.getenv('HOME')",
        "import os; 'HOME' in os.environ",
        "import os; dict(os.environ)",
        "import os; os.environ['HOME'] = '/'",
        "import socket; socket.create_server(('127.0.0.1', 0)).close()",
        "import threading; threading.Thread(target=print, daemon=True).start()",
        "import subprocess; subprocess.run(['true'])",
        "from pathlib import Path; Path('/etc/hostname').read_bytes()",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)",
    ],
)
def test_a_module_that_does_something_is_found(tmp_path, line):
    (tmp_path / "eager.py").write_text(f"def do():\n    {line}\n\ndo()\n")

    done = json.loads(run(IMPORT_ALL, str(tmp_path), "eager", root=tmp_path).splitlines()[-1])

    assert {module for module, _what in done} == {"eager"}


def test_what_is_deployed_and_its_libraries_touch_nothing_with_an_empty_environment():
    folders = sorted({sys.prefix, sys.base_prefix, str(ROOT)})
    names = [*modules("shared"), *modules("functions")]

    assert json.loads(run(IMPORT_DEPLOYED, json.dumps(folders), *names)) == []

    assert "shared.messaging.consumer" in names
    assert set(names) >= HANDLERS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_cold_start_of_a_function_loads_nothing_that_it_does_not_use(function):
    code = f"import functions.{function}.handler, json; print(json.dumps(sorted(sys.modules)))"

    loaded = {name.partition(".")[0] for name in json.loads(run(code))}

    allowed = {"jinja2"} if function == "notifications" else set()
    assert loaded & set(HEAVY) == allowed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wiring_decides_nothing(function):
    lines = (ROOT / "functions" / function / "wiring.py").read_text().splitlines()

    assert len(lines) <= 40
