"""Asks the advisory databases about what the locks name, and believes no silence.

Both tools call it success when they asked nothing: pip-audit passes over a package that its service
does not know, and npm asks nothing when it is set to work offline or without the tools. So what
counts here is an answer for each locked package.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.assets.lock_file import Pin, pins
from infra.assets.staging import ROOT

LOCKS = ROOT / "requirements"
NPM = ROOT / ".venv" / "bin" / "npm"
_TIMEOUT_SECONDS = 900
# A machine's own settings must not make npm leave out the tools or ask no registry: both look like health.
_ASK_FOR_ALL = ("--include=dev", "--include=optional", "--include=peer", "--offline=false")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a database knows of one locked package."""

    package: str
    advisory: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one database said.

    Args:
        asked: how many locked packages there are.
        answered: of how many of them the database said something.
        why: what kept the others from an answer; empty if all have one.
    """

    source: str
    asked: int
    answered: int
    findings: tuple[Finding, ...]
    why: str = ""

    @property
    def complete(self) -> bool:
        """Whether each package has an answer."""
        return self.answered == self.asked and not self.why


def locked(folder: Path = LOCKS) -> list[Pin]:
    """Every package of every lock, once."""
    found = {
        (pin.name, pin.version): pin
        for path in sorted(folder.glob("*.txt"))
        for pin in pins(path.read_text(encoding="utf-8"))
    }
    return [found[key] for key in sorted(found)]


def ask_about_python(wanted: Sequence[Pin], *, osv_url: str = "") -> Answer:
    """What is known of these packages: by PyPI, or by a service that speaks OSV's protocol.

    Args:
        osv_url: address of that service's query; empty for PyPI.
    """
    service = ["-s", "osv", "--osv-url", osv_url] if osv_url else ["-s", "pypi"]
    answers: dict[tuple[str, str], list[Finding]] = {}
    why = ""
    for together in _apart(wanted):
        with tempfile.TemporaryDirectory() as folder:
            lock = Path(folder) / "lock.txt"
            lock.write_text("".join(map(_line, together)), encoding="utf-8")
            command = [sys.executable, "-m", "pip_audit", *service, "--disable-pip"]
            command += ["--require-hashes", "--requirement", str(lock), "--format", "json"]
            command += ["--progress-spinner", "off", "--cache-dir", folder]
            told, said = _run(command)
        for entry in _entries(told):
            if "vulns" in entry:
                key = (str(entry["name"]), str(entry["version"]))
                answers[key] = [_python_finding(key, hole) for hole in entry["vulns"]]
            else:
                why = why or str(entry.get("skip_reason", ""))
        why = why or ("" if told else said)
    known = [answers[pin.name, pin.version] for pin in wanted if (pin.name, pin.version) in answers]
    complete = len(known) == len(wanted)
    return Answer(
        source="Python",
        asked=len(wanted),
        answered=len(known),
        findings=tuple(finding for findings in known for finding in findings),
        why="" if complete else why or "the database said nothing of them",
    )


def ask_about_node(folder: Path = ROOT, *, registry: str = "") -> Answer:
    """What the registry of npm knows of the packages in a folder's lock.

    Args:
        registry: another registry than npm's settings name.
    """
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    asked = len(lock["packages"]) - 1
    command = [str(NPM), "audit", "--json", *_ASK_FOR_ALL]
    command += [f"--registry={registry}"] if registry else []
    told, said = _run(command, folder=folder)
    if not isinstance(told, dict) or told.get("auditReportVersion") != 2:
        reason = told.get("message") if isinstance(told, dict) else None
        return Answer("Node", asked, 0, (), str(reason or said or "npm gave no report"))
    return Answer(
        source="Node",
        asked=asked,
        answered=min(asked, int(told["metadata"]["dependencies"]["total"])),
        findings=tuple(map(_node_finding, told["vulnerabilities"].values())),
    )


def _apart(wanted: Iterable[Pin]) -> list[list[Pin]]:
    """Lists in which no package stands twice: a lock may have two versions, for two Pythons."""
    lists: list[dict[str, Pin]] = []
    for pin in wanted:
        free = next((names for names in lists if pin.name not in names), None)
        if free is None:
            free = {}
            lists.append(free)
        free[pin.name] = pin
    return [list(names.values()) for names in lists]


def _line(pin: Pin) -> str:
    return (
        " ".join([f"{pin.name}=={pin.version}", *(f"--hash=sha256:{h}" for h in pin.hashes)]) + "\n"
    )


def _entries(told: Any) -> list[Mapping[str, Any]]:
    entries = told.get("dependencies", []) if isinstance(told, dict) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _python_finding(key: tuple[str, str], hole: Mapping[str, Any]) -> Finding:
    fixed = ", ".join(map(str, hole.get("fix_versions", [])))
    names = " ".join(map(str, [hole.get("id"), *hole.get("aliases", [])]))
    return Finding(" ".join(key), names, f"fixed in {fixed}" if fixed else "no version mends it")


def _node_finding(hole: Mapping[str, Any]) -> Finding:
    causes = [
        via if isinstance(via, str) else via.get("url", via.get("title")) for via in hole["via"]
    ]
    remedy = "a newer version mends it" if hole.get("fixAvailable") else "no version mends it"
    return Finding(f"{hole['name']} {hole.get('range', '')}", " ".join(map(str, causes)), remedy)


def _run(command: Sequence[str], folder: Path = ROOT) -> tuple[Any, str]:
    """What a tool printed as JSON, None if it printed none; and the last line that it complained."""
    path = f"{NPM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    complaint = result.stderr.strip().rpartition("\n")[2]
    try:
        return json.loads(result.stdout), complaint
    except ValueError:
        return None, complaint
