"""Bills of materials (CycloneDX 1.6) of the Lambda layer, of the Python tools and of the Node tools.

Equal parts make an equal document, to the byte: it reads no clock, and its serial number follows
from what it says.
"""

import base64
import json
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from infra.assets.lock_file import Pin, pins
from infra.assets.origins import Origin, licence_of
from infra.assets.staging import HOST, ROOT, StagedAsset, Target, layer_origins, stage_layer

FOLDER = ROOT / ".local" / "sbom"
PYTHON_LOCK = ROOT / "requirements" / "dev.txt"
NODE_LOCK = ROOT / "package-lock.json"
# Where Lambda puts a layer's Python: the names of files are those in the layer.
_SITE = "python"
_OURS = f"{_SITE}/shared"
_NAMESPACE = uuid.UUID("5b1c9f0e-3f0a-5d0b-9d55-2f6d2f0c8a11")


def name_of(target: Target) -> str:
    """The file that tells of a layer."""
    return f"layer-{'host' if target == HOST else 'lambda'}-{target.tag()}.cdx.json"


def write_layer(target: Target, folder: Path = FOLDER) -> Path:
    """Write down what the layer for this target is made of; builds the layer if there is none."""
    return _write(folder / name_of(target), of_layer(stage_layer(target), layer_origins(target)))


def write_tools(folder: Path = FOLDER) -> list[Path]:
    """Write down the Python tools and the Node tools of the checkout."""
    python, node = PYTHON_LOCK.read_text("utf-8"), NODE_LOCK.read_text("utf-8")
    return [
        _write(folder / "tools-python.cdx.json", of_python_tools(pins(python))),
        _write(folder / "tools-node.cdx.json", of_node_tools(json.loads(node))),
    ]


def of_layer(layer: StagedAsset, origins: Iterable[Origin]) -> str:
    """The layer: each package with its wheel's hash and its files; our own files are the subject's."""
    ours = (path.relative_to(layer.path).as_posix() for path in layer.path.rglob("*"))
    subject = Component(
        name="order-pipeline-layer",
        version=layer.digest,
        type=ComponentType.APPLICATION,
        bom_ref="layer",
        evidence=_found(
            name for name in ours if name.startswith(f"{_OURS}/") and (layer.path / name).is_file()
        ),
    )
    parts = (
        _python(
            Pin(origin.name, origin.version, (origin.sha256,)),
            origin.licence,
            evidence=_found(f"{_SITE}/{file}" for file in origin.files),
        )
        for origin in origins
    )
    return _document(subject, parts)


def of_python_tools(locked: Iterable[Pin]) -> str:
    """Every package of a lock; the hashes are those of all its archives, of which one is installed."""
    subject = Component(
        name="order-pipeline-python-tools", type=ComponentType.APPLICATION, bom_ref="python-tools"
    )
    return _document(subject, (_python(pin, _installed_licence(pin.name)) for pin in locked))


def of_node_tools(lock: dict[str, Any]) -> str:
    """Every package of npm's lock."""
    subject = Component(
        name="order-pipeline-node-tools", type=ComponentType.APPLICATION, bom_ref="node-tools"
    )
    named = ((path, package) for path, package in lock["packages"].items() if path)
    return _document(subject, (_node(path, package) for path, package in named))


def _python(pin: Pin, licence: str, evidence: ComponentEvidence | None = None) -> Component:
    address = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        purl=address,
        bom_ref=str(address),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        evidence=evidence,
    )


def _node(path: str, package: dict[str, Any]) -> Component:
    scope, _, name = path.rpartition("node_modules/")[2].rpartition("/")
    address = PackageURL("npm", namespace=scope or None, name=name, version=package["version"])
    algorithm, _, digest = package["integrity"].partition("-")
    licence = str(package.get("license", ""))
    return Component(
        name=name,
        group=scope or None,
        version=package["version"],
        purl=address,
        bom_ref=f"{address}#{path}",
        hashes=[
            HashType(
                alg=HashAlgorithm(f"SHA-{algorithm.removeprefix('sha')}"),
                content=base64.b64decode(digest).hex(),
            )
        ],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def _found(files: Iterable[str]) -> ComponentEvidence:
    return ComponentEvidence(occurrences=[Occurrence(location=file) for file in files])


def _installed_licence(name: str) -> str:
    try:
        return licence_of(metadata(name).json)
    except PackageNotFoundError:  # locked for another machine or another Python
        return ""


def _document(subject: Component, parts: Iterable[Component]) -> str:
    components = list(parts)
    bom = Bom(components=components, metadata=BomMetaData(component=subject))
    bom.register_dependency(subject, components)
    told: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del told["metadata"]["timestamp"], told["serialNumber"]
    for part in (told["metadata"]["component"], *told.get("components", [])):
        # The library sorts them by references that it draws by chance.
        part.get("evidence", {}).get("occurrences", []).sort(key=lambda found: found["location"])
    content = json.dumps(told, sort_keys=True)
    told["serialNumber"] = uuid.uuid5(_NAMESPACE, content).urn
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def _write(path: Path, document: str) -> Path:
    """Whole or not at all: two syntheses may write at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".writing-", delete=False
    ) as file:
        file.write(document)
    Path(file.name).replace(path)
    return path


def components_of(path: Path) -> Iterator[dict[str, Any]]:
    """The parts that a document names."""
    yield from json.loads(path.read_text(encoding="utf-8"))["components"]
