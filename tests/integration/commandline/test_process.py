"""The programs as processes: what a shell, a pipe, a terminal and a person do to them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = "sku,name,price\nmug,茶 M\u202eg,free\n"
# Runs the real program on a machine whose users have no names, as `docker run --user 12345` does.
NAMELESS = """
import os, pwd, runpy, sys
def unknown(uid): raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
# A program that says a lot, does nothing, and may be interrupted.
TALKER = """
import sys
from commandline.entry import noting, start
def main(arguments):
    with noting(lambda: "half of it is done"):
        for number in range(int(arguments[0])):
            print("─ line", number)
        if len(arguments) > 1:
            print("ready", flush=True)
            import time
            time.sleep(60)
    return 0
start(main)
"""


def run(
    *command: str | bytes, script: str = '"$@"', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command as a shell runs it, with what the shell does around it."""
    return subprocess.run(
        [
            b"bash",
            b"-c",
            os.fsencode(script),
            b"-",
            os.fsencode(sys.executable),
            *map(_raw, command),
        ],
        cwd=ROOT,
        env={**_surroundings(), **environment},
        capture_output=True,
        check=False,
        timeout=60,
    )


def _raw(word: str | bytes) -> bytes:
    return word if isinstance(word, bytes) else os.fsencode(word)


def _surroundings() -> dict[str, str]:
    hidden = ("USER", "LOGNAME", "LNAME", "USERNAME", "LC_ALL", "LANG", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "PYTHONUNBUFFERED": ""}


@pytest.mark.parametrize(
    "command",
    [
        ("ops", "--help"),
        ("ops", "stock", "restock", "--help"),
        ("ops", "stock", "restock", "mug", "1", "--reason", "x", "--stack", "/nowhere"),
        ("local", "--help"),
    ],
)
def test_a_user_without_a_name_can_work(command):
    done = run("-c", NAMELESS, *command)

    assert b"Traceback" not in done.stderr
    if "--help" in command:
        assert (done.returncode, done.stdout[:6]) == (0, b"usage:")
    else:
        assert done.returncode == 2
        assert b"cannot read /nowhere: No such file" in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("lines", ["10", "100000"])
def test_a_reader_that_goes_away_ends_the_program_quietly(unbuffered, lines):
    script = '"$@" | true; exit ${PIPESTATUS[0]}'
    done = run("-c", TALKER, lines, script=script, PYTHONUNBUFFERED=unbuffered)

    # The pipe may take a few lines before its reader is gone.
    assert done.returncode == 141 or (done.returncode == 0 and lines == "10")
    assert done.stderr.decode() in {"", "half of it is done\n"}


def test_what_was_done_is_told_although_nobody_reads_on():
    done = run("-c", TALKER, "100000", script='"$@" | head -1; exit ${PIPESTATUS[0]}')

    assert (done.returncode, done.stdout.decode()) == (141, "─ line 0\n")
    assert done.stderr == b"half of it is done\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [("-c", TALKER, "3"), ("-m", "local.qstash", "--help")])
def test_a_full_disk_is_told_and_is_no_success(command, unbuffered):
    done = run(*command, script='"$@" > /dev/full', PYTHONUNBUFFERED=unbuffered)

    assert done.returncode == 2
    assert done.stderr.startswith(b"cannot write the output: No space left on device")
    assert done.stderr.count(b"\n") == 1


def test_nothing_is_begun_without_a_standard_output(tmp_path):
    marker = tmp_path / "begun"
    program = (
        f"from commandline.entry import start; start(lambda _: open({str(marker)!r}, 'w') and 0)"
    )

    done = run("-c", program, script='"$@" >&-')

    assert done.returncode == 2
    assert done.stderr.startswith(b"standard output is closed, so nothing was done")
    assert not marker.exists()


@pytest.mark.parametrize("closed", ["2>/dev/full", "<&- 2>&-"])
def test_no_other_stream_is_needed_and_no_complaint_goes_where_results_go(closed):
    done = run("-m", "ops", "stock", "import", "/nowhere.csv", script=f'"$@" {closed}')
    helped = run("-m", "ops", "--help", script=f'"$@" {closed}')

    assert (done.returncode, done.stdout) == (2, b"")
    assert (helped.returncode, helped.stdout[:6]) == (0, b"usage:")


def test_a_file_is_not_taken_for_a_closed_stream(tmp_path):
    file = tmp_path / "file"
    program = (
        "import sys; from commandline.entry import start\n"
        f"def main(_):\n    file = open({str(file)!r}, 'w')\n"
        "    print('a remark', file=sys.stderr)\n    return file.fileno()\nstart(main)"
    )

    done = run("-c", program, script='"$@" <&- 2>&-')

    assert done.returncode > 2
    assert (file.read_text(), done.stdout) == ("", b"")


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, rb"- 10 -> 7 \u8336 \xe9 \udce9"),
        ({"PYTHONIOENCODING": "latin-1"}, b"- 10 -> 7 \\u8336 \xe9 \\udce9"),
        ({"LC_ALL": "C"}, "─ 10 → 7 茶 é \\udce9".encode()),
        (
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            rb"- 10 -> 7 \u8336 \xe9 \udce9",
        ),
    ],
)
def test_characters_that_cannot_be_shown_are_escaped(settings, shown):
    text = r"\u2500 10 \u2192 7 \u8336 \xe9 \udce9"
    program = f"from commandline.entry import *; start(lambda _: [print('{text}'), complain('{text}'), 0][2])"

    done = run("-c", program, **settings)

    assert (done.returncode, done.stdout) == (0, shown + b"\n")
    assert done.stderr.startswith(shown[:7])


def test_a_catalogue_is_refused_readably_on_a_terminal_that_knows_only_ascii(tmp_path):
    file = tmp_path / "茶.csv"
    file.write_text(CATALOGUE, encoding="utf-8")

    done = run("-m", "ops", "stock", "import", str(file), PYTHONIOENCODING="ascii")

    assert done.returncode == 2
    assert done.stderr.splitlines()[1] == b"----  ------  ----"
    assert b"2     price   must be an amount" in done.stderr


def test_arguments_that_are_not_utf_8_are_named_and_such_files_are_read(tmp_path):
    file = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    with open(file, "wb") as catalogue:  # noqa: PTH123 - its name is bytes
        catalogue.write(CATALOGUE.encode())

    read = run("-m", "ops", "stock", "import", file)
    reason = run("-m", "ops", "stock", "restock", "mug", "1", "--reason", b"caf\xe9")
    wrong = run("-m", "ops", b"caf\xe9")

    assert [one.returncode for one in (read, reason, wrong)] == [2, 2, 2]
    assert b"must be an amount" in read.stderr
    assert b"reason: must be UTF-8 text, not 'caf\\udce9'" in reason.stderr
    assert b"invalid choice: 'caf\\udce9'" in wrong.stderr


@pytest.mark.parametrize("program", ["ops/commands", "local/program", "tests/simulation/program"])
def test_an_interrupt_while_a_program_loads_is_one_line_and_130(program):
    package = program.rpartition("/")[0].replace("/", ".")
    with _started("-v", "-m", package, "--help") as process:
        # Verbose Python names what it loads.
        _read_until(process, f"/{program}.py".encode())
        process.send_signal(signal.SIGINT)
        said = _rest(process)

    assert process.returncode == 130
    assert b"Traceback" not in said
    assert b"interrupted" in said.splitlines()


def test_an_interrupt_says_what_was_done_and_keeps_what_was_printed():
    with _started("-c", TALKER, "3", "wait", stdout=subprocess.PIPE) as process:
        printed = [process.stdout.readline() for _ in range(4)] if process.stdout else []
        process.send_signal(signal.SIGINT)
        said = _rest(process)

    assert printed[-1] == b"ready\n"
    assert (process.returncode, said) == (130, b"interrupted; half of it is done\n")


def _started(*arguments: str, stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_surroundings(),
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def _read_until(process: "subprocess.Popen[bytes]", word: bytes) -> None:
    assert process.stderr is not None
    deadline = time.monotonic() + 30
    while word not in process.stderr.readline():
        assert time.monotonic() < deadline
        assert process.poll() is None


def _rest(process: "subprocess.Popen[bytes]") -> bytes:
    _, said = process.communicate(timeout=30)
    return said
