"""Which package brought which file of the layer: noted while pip's own records are still there.

The records are left out of what is shipped (`prune.py`), for they differ from machine to machine.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from importlib.util import source_from_cache
from pathlib import Path, PurePosixPath
from typing import Any

_CLASSIFIER = "License :: "
_LONGEST_NAME = 64


class UnownedFileError(ValueError):
    """A file would be shipped that no package says it brought."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One package of the layer.

    Args:
        sha256: of the very wheel that was unpacked, in hexadecimal digits.
        licence: as the package names it: an SPDX expression, a classifier's words, or nothing.
        files: what it brought and is shipped, compiled files included, from the folder of imports.
    """

    name: str
    version: str
    sha256: str
    licence: str
    files: tuple[str, ...]


def owners(site: Path) -> dict[str, str]:
    """Every file that a package recorded, with the package's name as the lock spells it."""
    return {
        PurePosixPath(file).as_posix(): spelled(str(package.metadata["Name"]))
        for package in distributions(path=[str(site)])
        for file in package.files or ()
    }


def origins(site: Path, owned: Mapping[str, str], report: Mapping[str, Any]) -> tuple[Origin, ...]:
    """The packages with the files that are left of them, by name.

    Args:
        owned: what `owners` said before anything was left out or compiled.
        report: pip's report of the installation.

    Raises:
        UnownedFileError: naming the first file without a package.
    """
    files: dict[str, list[str]] = {}
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        source = source_from_cache(name) if path.suffix == ".pyc" else name
        if source not in owned:
            raise UnownedFileError(f"no package of the lock says that it brought {name}")
        files.setdefault(owned[source], []).append(name)
    found = (_origin(package, files) for package in report["install"])
    return tuple(sorted(found, key=lambda origin: origin.name))


def _origin(package: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> Origin:
    metadata = package["metadata"]
    name = spelled(metadata["name"])
    return Origin(
        name=name,
        version=metadata["version"],
        sha256=package["download_info"]["archive_info"]["hashes"]["sha256"],
        licence=licence_of(metadata),
        files=tuple(files.get(name, ())),
    )


def licence_of(metadata: Mapping[str, Any]) -> str:
    """The licence that a package's metadata (as JSON) names; empty, if it names none."""
    expression, field = metadata.get("license_expression"), metadata.get("license")
    if expression:
        return str(expression)
    named = [text for text in metadata.get("classifier") or () if text.startswith(_CLASSIFIER)]
    words = [text.rpartition(" :: ")[2] for text in named]
    # Some packages put the whole text of their licence into the field.
    if field and len(field) <= _LONGEST_NAME and "\n" not in field:
        return str(field)
    return " / ".join(words)


def spelled(name: str) -> str:
    """A package's name as locks spell it: `Jinja2` is `jinja2`, `boolean.py` is `boolean-py`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write(path: Path, found: Sequence[Origin]) -> None:
    """Keep them beside what was installed."""
    path.write_text(json.dumps([asdict(origin) for origin in found], indent=1), encoding="utf-8")


def read(path: Path) -> tuple[Origin, ...]:
    """What was kept."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Origin(**{**origin, "files": tuple(origin["files"])}) for origin in kept)
