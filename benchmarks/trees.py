"""The deployed artefacts as Lambda sees them: zipped, unzipped, with no file time left."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.assets.staging import HOST, stage_function, stage_layer
from infra.functions import FUNCTIONS

FUNCTION_NAMES = tuple(spec.name for spec in FUNCTIONS)
# The first moment that a zip archive can name, which is what asset archives are dated.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Trees:
    """Folders to put on a path.

    Args:
        functions: the asset of each function.
        layer: the layer's Python folder.
        fresh: layer and the commands function, compiled anew where they lie.
        bare: the same two without any bytecode.
        packed_bytes: size of the layer's archive.
        unpacked_bytes: size of its files.
    """

    functions: dict[str, Path]
    layer: Path
    fresh: tuple[Path, Path]
    bare: tuple[Path, Path]
    packed_bytes: int
    unpacked_bytes: int

    def paths(self, function: str) -> list[str]:
        """Where a function's process looks for modules."""
        return [str(self.functions[function]), str(self.layer)]


@contextmanager
def unpacked() -> Iterator[Trees]:
    """Build the assets for this machine's Python, and take them through an archive each."""
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        functions = {
            function: _through_archive(stage_function(function, HOST).path, folder / function)[0]
            for function in FUNCTION_NAMES
        }
        layer, packed = _through_archive(stage_layer(HOST).path, folder / "layer")
        pair = (functions["commands"], layer / "python")
        yield Trees(
            functions=functions,
            layer=layer / "python",
            fresh=_copies(pair, folder / "fresh", compiled=True),
            bare=_copies(pair, folder / "bare", compiled=False),
            packed_bytes=packed,
            unpacked_bytes=sum(f.stat().st_size for f in layer.rglob("*") if f.is_file()),
        )


def _through_archive(source: Path, into: Path) -> tuple[Path, int]:
    archive = into.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packing:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(source).as_posix(), _LONG_AGO)
                info.compress_type = zipfile.ZIP_DEFLATED
                packing.writestr(info, path.read_bytes())
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(into)
    size = archive.stat().st_size
    archive.unlink()
    return into, size


def _copies(pair: tuple[Path, Path], into: Path, *, compiled: bool) -> tuple[Path, Path]:
    copies = (into / "function", into / "layer")
    for source, copy in zip(pair, copies, strict=True):
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    if compiled:
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", *map(str, copies)],
            check=True,
        )
    return copies
