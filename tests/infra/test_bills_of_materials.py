"""S28: what the layer and the tools are made of, told exactly: by the lock, and by what is packaged."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra.assets.lock_file import UnreadableLockError, for_python, pins
from infra.assets.origins import Origin, UnownedFileError, origins, owners
from infra.assets.staging import HOST, LAMBDA, REQUIREMENTS, StagedAsset, layer_origins, stage_layer
from infra.dependencies import bill
from infra.dependencies.bill import NODE_LOCK, PYTHON_LOCK, name_of, write_layer, write_tools
from tests.infra.assembly import Assembly


def parts_of(path: Path) -> dict[str, Any]:
    return {part["bom-ref"]: part for part in json.loads(path.read_text())["components"]}


def files_named_by(document: dict[str, Any]) -> list[str]:
    named = [document["metadata"]["component"], *document["components"]]
    return [found["location"] for part in named for found in part["evidence"]["occurrences"]]


def files_in(folder: Path) -> set[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return set(found)


@pytest.mark.parametrize("target", [HOST, LAMBDA], ids=["host", "lambda"])
def test_every_file_of_the_layer_is_named_once_and_ours_as_ours(target, tmp_path):
    layer = stage_layer(target)

    document = json.loads(write_layer(target, tmp_path).read_text())

    named = files_named_by(document)
    assert len(named) == len(set(named))
    assert set(named) == files_in(layer.path)
    ours = {file for file in named if file.startswith("python/shared/")}
    told = document["metadata"]["component"]["evidence"]["occurrences"]
    assert {found["location"] for found in told} == ours
    assert document["metadata"]["component"]["version"] == layer.digest


def test_the_layer_s_packages_are_those_of_its_lock_with_the_hash_of_one_of_their_archives(
    tmp_path,
):
    lock = for_python(REQUIREMENTS.read_text(), LAMBDA.python)
    locked = {(pin.name, pin.version): pin.hashes for pin in pins(lock)}

    parts = parts_of(write_layer(LAMBDA, tmp_path)).values()

    assert {(part["name"], part["version"]) for part in parts} == locked.keys()
    for part in parts:
        (digest,) = part["hashes"]
        assert digest["content"] in locked[part["name"], part["version"]], part["name"]
        assert part["licenses"], part["name"]


def test_the_tools_are_those_of_the_locks(tmp_path):
    python, node = map(parts_of, write_tools(tmp_path))

    locked = list(pins(PYTHON_LOCK.read_text()))
    assert len(locked) > 100
    assert {f"pkg:pypi/{pin.name}@{pin.version}" for pin in locked} == python.keys()
    for pin in locked:
        told = python[f"pkg:pypi/{pin.name}@{pin.version}"]["hashes"]
        assert {digest["content"] for digest in told} == set(pin.hashes)
    packages = json.loads(NODE_LOCK.read_text())["packages"]
    assert {ref.partition("#")[2] for ref in node} == packages.keys() - {""}
    assert all(part["licenses"] and part["hashes"] for part in node.values())
    (client,) = (part for part in node.values() if part["name"] == "qstash")
    assert client["group"] == "@upstash"
    assert client["purl"].startswith("pkg:npm/%40upstash/qstash@")


def test_each_document_is_cyclonedx_1_6_names_no_address_and_is_the_same_every_time(tmp_path):
    first = [write_layer(HOST, tmp_path), *write_tools(tmp_path)]
    second = [write_layer(HOST, tmp_path / "2"), *write_tools(tmp_path / "2")]

    for path, again in zip(first, second, strict=True):
        text = path.read_text()
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
        assert text == again.read_text()
        assert text.count("://") == 1, "only the schema's own name"
    assert {path.name for path in tmp_path.iterdir()} == {"2", *(path.name for path in first)}


def test_synthesis_writes_down_the_layer_that_it_packs(synthesize):
    assembly: Assembly = synthesize("local")

    written = json.loads((bill.FOLDER / name_of(HOST)).read_text())
    (layer,) = assembly.resources("AWS::Lambda::LayerVersion")
    packed = assembly.folder / f"asset.{layer.properties['Content']['S3Key'].removesuffix('.zip')}"
    assert set(files_named_by(written)) == files_in(packed)


def test_another_layer_has_another_serial_number(tmp_path):
    (tmp_path / "python" / "shared").mkdir(parents=True)
    part = Origin("a", "1", "aa" * 32, "MIT", ("a.py",))

    def serial(version: str, *parts: Origin) -> str:
        told = json.loads(bill.of_layer(StagedAsset(tmp_path, version), parts))
        return str(told["serialNumber"])

    assert serial("1", part) == serial("1", part)
    assert len({serial("1", part), serial("2", part), serial("1")}) == 3


def test_a_file_that_no_package_brought_stops_the_build(tmp_path):
    folder = tmp_path / "good-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: Good\nVersion: 1\n")
    (folder / "RECORD").write_text("good.py,,\ngood-1.dist-info/METADATA,,\n")
    (tmp_path / "good.py").write_text("")
    owned = owners(tmp_path)
    (folder / "RECORD").unlink()
    wheel = {"archive_info": {"hashes": {"sha256": "aa"}}}
    report = {"install": [{"metadata": {"name": "Good", "version": "1"}, "download_info": wheel}]}

    (found,) = origins(tmp_path, owned, report)
    assert (found.name, found.licence) == ("good", "")
    assert set(found.files) == {"good.py", "good-1.dist-info/METADATA"}

    (tmp_path / "sitecustomize.py").write_text("")
    with pytest.raises(UnownedFileError, match=r"sitecustomize\.py"):
        origins(tmp_path, owned, report)


def test_no_library_of_the_tools_is_in_the_layer():
    assert not {origin.name for origin in layer_origins(LAMBDA)} & {
        "cyclonedx-python-lib",
        "pip-audit",
    }


def test_a_lock_is_read_whole_or_not_at_all():
    text = "a-b==1.0 ; python_full_version < '3.11.3' \\\n    --hash=sha256:" + "ab" * 32 + " \\\n"
    text += "    --hash=sha256:" + "cd" * 32 + "\n# words\nc==2\n"

    assert [(pin.name, pin.version, len(pin.hashes)) for pin in pins(text)] == [
        ("a-b", "1.0", 2),
        ("c", "2", 0),
    ]
    with pytest.raises(UnreadableLockError, match="git"):
        list(pins("d @ git+ssh://elsewhere/d\n"))
