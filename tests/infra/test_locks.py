"""The locks are closed: an installation has nothing left to resolve, today or in a year.

Read from the metadata of what is installed, so no index is asked. A package that only other
machines install is checked where it is installed; that it is locked for them is checked here.
"""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = sorted(path.stem for path in FOLDER.glob("*.txt"))
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
MAC = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
MACHINES = [
    {**LINUX, "platform_machine": "x86_64"},
    {**LINUX, "platform_machine": "aarch64"},
    {**MAC, "platform_machine": "arm64"},
]
# Debian 12 ships 3.11.2, and early patch releases need what later ones brought along.
RELEASES = ["3.11.2", "3.11.13", "3.12.1", "3.12.11", "3.13.0", "3.13.7", "3.14.0"]
ENVIRONMENTS = [
    {
        **machine,
        "python_version": release.rpartition(".")[0],
        "python_full_version": release,
        "implementation_version": release,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    for machine in MACHINES
    for release in RELEASES
]


@dataclass(frozen=True)
class Pin:
    requirement: Requirement
    hashes: int

    @property
    def version(self) -> str:
        (exact,) = self.requirement.specifier
        assert exact.operator == "==", self.requirement
        return exact.version

    def applies(self, environment: dict[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(environment)


@functools.cache
def pins_of(lock: str) -> list[Pin]:
    text = (FOLDER / f"{lock}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [
        Pin(
            Requirement(line.split(" --hash=")[0]),
            len(re.findall(r"--hash=sha256:[0-9a-f]{64}", line)),
        )
        for line in lines
    ]


def asked_for(lock: str) -> Iterator[Requirement]:
    for line in (FOLDER / f"{lock}.in").read_text().splitlines():
        if line.startswith("-r "):
            yield from asked_for(line.removeprefix("-r ").removesuffix(".in"))
        elif line.strip() and not line.startswith("#"):
            yield Requirement(line)


@functools.cache
def needs_of(name: str) -> list[Requirement] | None:
    """What a package needs, None if it is not installed here."""
    try:
        return [Requirement(text) for text in distribution(name).requires or ()]
    except PackageNotFoundError:
        return None


def machine() -> dict[str, str]:
    """The environment of this very interpreter."""
    return {key: str(value) for key, value in default_environment().items()}


class Closure:
    """Walks from what was asked for to everything that this environment needs."""

    def __init__(self, lock: str, environment: dict[str, str]) -> None:
        self.environment = environment
        pins = [pin for pin in pins_of(lock) if pin.applies(environment)]
        self.pins = {canonicalize_name(pin.requirement.name): pin for pin in pins}
        assert len(self.pins) == len(pins), "two pins for one package"
        self.reached: set[tuple[str, str]] = set()
        self.problems: list[str] = []
        for wanted in asked_for(lock):
            self._visit(wanted, by="asked for", extra="")

    def _visit(self, wanted: Requirement, *, by: str, extra: str) -> None:
        if wanted.marker and not wanted.marker.evaluate({**self.environment, "extra": extra}):
            return
        name = canonicalize_name(wanted.name)
        pin = self.pins.get(name)
        if pin is None:
            self.problems.append(f"{wanted} ({by}) is not locked")
            return
        if not wanted.specifier.contains(pin.version, prereleases=True):
            self.problems.append(f"{wanted} ({by}) is locked as {pin.version}")
        for asked in ("", *wanted.extras):
            self._needs(name, asked, pin)

    def _needs(self, name: str, extra: str, pin: Pin) -> None:
        if (name, extra) in self.reached:
            return
        self.reached.add((name, extra))
        needs = needs_of(name)
        if needs is None:
            if any(p.applies(machine()) for p in pins_of("dev") if p.requirement.name == name):
                self.problems.append(f"{name} is locked for this machine and not installed")
            return
        for need in needs:
            self._visit(need, by=f"{name}[{extra}]" if extra else name, extra=extra)


def label(environment: dict[str, str]) -> str:
    names = ("python_full_version", "sys_platform", "platform_machine")
    return "-".join(environment[name] for name in names)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_has_a_hash(lock):
    pins = pins_of(lock)

    assert pins
    assert all(pin.version and pin.hashes and not pin.requirement.url for pin in pins)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=label)
@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_extras_included(lock, environment):
    assert Closure(lock, environment).problems == []


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_locked_that_no_environment_needs(lock):
    reached = {name for env in ENVIRONMENTS for name, _ in Closure(lock, env).reached}
    # What only other machines install, nobody here can say who needs it.
    here = [pin for pin in pins_of(lock) if pin.applies(machine())]

    assert {canonicalize_name(pin.requirement.name) for pin in here} <= reached


@pytest.mark.parametrize("lock", [name for name in LOCKS if name != "dev"])
def test_a_smaller_lock_pins_what_the_whole_one_pins(lock):
    whole = {(pin.requirement.name, pin.version) for pin in pins_of("dev")}

    assert {(pin.requirement.name, pin.version) for pin in pins_of(lock)} <= whole


def test_a_missing_extra_is_found(monkeypatch):
    """The closure sees what pip refused: an extra whose package is not locked."""
    whole = pins_of("dev")
    left = [pin for pin in whole if pin.requirement.name != "lupa"]
    monkeypatch.setattr(f"{__name__}.pins_of", lambda _lock: left)

    problems = Closure("dev", ENVIRONMENTS[0]).problems

    assert len(problems) == 1
    assert problems[0].startswith("lupa")
    assert problems[0].endswith("(fakeredis[lua]) is not locked")


def test_every_node_package_is_exact_and_has_a_hash_and_comes_from_whatever_registry_npm_knows():
    """An address in the lock would bind everybody to the registry of whoever locked last."""
    wanted = json.loads((FOLDER.parent / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((FOLDER.parent / "package-lock.json").read_text(encoding="utf-8"))
    root = lock["packages"].pop("")

    assert root["devDependencies"] == wanted["devDependencies"]
    for name, version in wanted["devDependencies"].items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
        needed = {**package.get("dependencies", {}), **package.get("optionalDependencies", {})}
        assert {f"node_modules/{other}" for other in needed} <= lock["packages"].keys(), name
