"""Planting a bug: in the memory of one process, so that no file is ever broken.

The planted module is loaded from the changed text, and so is every module that imports it.
"""

import ast
import builtins
import dis
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from tests.mutations.catalog import Mutation

ROOT = Path(__file__).resolve().parents[2]
OURS = ("commandline", "shared", "functions", "ops", "local", "tests")
_HERE = "tests.mutations"


class BrokenPlantError(Exception):
    """An entry of the catalog that plants nothing, or no bug; says what is wrong with it."""


def module_of(path: str) -> str:
    """The dotted name of a product file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def planted_text(mutation: Mutation) -> str:
    """The file with the bug in it.

    Raises:
        BrokenPlantError: the line is not there once, or what comes of it is not a program with
            another meaning.
    """
    file = ROOT / mutation.path
    if not file.is_file():
        raise BrokenPlantError(f"there is no file {mutation.path}")
    original = file.read_text(encoding="utf-8")
    if (count := original.count(mutation.line)) != 1:
        raise BrokenPlantError(
            f"its line stands {count} times in {mutation.path}, not once: {mutation.line}"
        )
    text = original.replace(mutation.line, mutation.becomes)
    before, after = ast.parse(original), _parsed(text, mutation)
    if ast.dump(before) == ast.dump(after):
        raise BrokenPlantError(f"it changes nothing: {mutation.becomes}")
    if unknown := sorted(_unknown(text) - _unknown(original)):
        raise BrokenPlantError(f"it names what is not there: {', '.join(unknown)}")
    return text


def _parsed(text: str, mutation: Mutation) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise BrokenPlantError(f"it is not Python: {error.msg}: {mutation.becomes}") from error


def _unknown(text: str) -> set[str]:
    """Global names that are read and never written: the program would only fail there."""
    module = compile(text, "<planted>", "exec")
    read, written = set[str](), set(dir(builtins)) | {"__file__", "__name__"}
    for code in _codes(module):
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL" or (step.opname == "LOAD_NAME" and code is module):
                read.add(str(step.argval))
            if step.opname in {"STORE_GLOBAL", "STORE_NAME"} and code is module:
                written.add(str(step.argval))
    return read - written


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def missing_tests(mutation: Mutation) -> list[str]:
    """The named tests that are nowhere."""
    return [test for test in mutation.tests if not _is_there(test)]


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    file = ROOT / path
    if not name or not file.is_file():
        return file.is_file()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree))


def complaints(mutations: Sequence[Mutation]) -> list[str]:
    """What is wrong with which entry, found without running anything."""
    found: list[str] = []
    for mutation in mutations:
        try:
            planted_text(mutation)
        except BrokenPlantError as error:
            found.append(f"{mutation.name}: {error}")
        found += [f"{mutation.name}: there is no test {test}" for test in missing_tests(mutation)]
    return found


# ------------------------------------------------------------------ in the process that is planted
class _Loader(SourceFileLoader):
    """Loads a module from another text than that of its file, past every cache."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self._text, self.path, "exec", dont_inherit=True)
        return code


class _Finder(MetaPathFinder):
    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._text)
        return spec


def plant(mutation: Mutation, imports: Mapping[str, frozenset[str]]) -> None:
    """From now on this process has the bug.

    Args:
        imports: which modules of ours each loaded module of ours imports.

    Raises:
        BrokenPlantError: the entry plants no bug.
        Exception: whatever importing the planted module raises.
    """
    name = module_of(mutation.path)
    sys.meta_path.insert(0, _Finder(name, planted_text(mutation)))
    for stale in _above(name, imports):
        sys.modules.pop(stale, None)
        package, _, last = stale.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)
    importlib.import_module(name)


def _above(name: str, imports: Mapping[str, frozenset[str]]) -> set[str]:
    found, fresh = set[str](), {name}
    while fresh:
        found |= fresh
        fresh = {one for one, others in imports.items() if others & fresh} - found
    return {one for one in found if not one.startswith(_HERE)}


def imports_of_ours() -> dict[str, frozenset[str]]:
    """Which modules of ours each loaded module of ours imports."""
    loaded = {name for name in sys.modules if name.partition(".")[0] in OURS}
    return {name: frozenset(_imported(name) & loaded) for name in loaded}


def _imported(name: str) -> set[str]:
    file = getattr(sys.modules[name], "__file__", None)
    if file is None:
        return set()
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {part for alias in node.names for part in _packages(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
            found |= set(_packages(node.module))
    return found


def _packages(name: str) -> Iterator[str]:
    """A module and the packages it is in: their code runs with it."""
    while name:
        yield name
        name = name.rpartition(".")[0]
