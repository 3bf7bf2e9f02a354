"""What the layer's wheels carry that no function of ours reads."""

import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

# Data of the services that some function calls; botocore names a missing one in its error.
SERVICES = ("dynamodb", "sesv2", "sns", "ssm")

_FOLDERS = ("bin", "aws_lambda_powertools/event_handler")
# Logger and Metrics need no other: the rest are features that a program imports by their names.
_POWERTOOLS = Path("aws_lambda_powertools", "utilities")
_NEEDED_OF_POWERTOOLS = "jmespath_utils"
_FILES = (
    # Records of how pip installed them: they differ from machine to machine and nothing reads them.
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/sboms/*",
    "botocore/data/*/*/examples-1.json",
    # botocore trusts what certifi says, and has certificates of its own where there is none.
    "botocore/cacert.pem",
    "**/*.pyi",
    "**/*.c",
)


def slim(site: Path) -> None:
    """Drop it, in place."""
    for name in _FOLDERS:
        shutil.rmtree(site / name, ignore_errors=True)
    for feature in (site / _POWERTOOLS).iterdir():
        if feature.is_dir() and feature.name != _NEEDED_OF_POWERTOOLS:
            shutil.rmtree(feature)
    data = site / "botocore" / "data"
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    _forget_other_endpoints(data)
    for pattern in _FILES:
        _unlink(list(site.glob(pattern)))


def _forget_other_endpoints(data: Path) -> None:
    """Every cold start parses this file whole: for all of AWS it is a twelfth of the start.

    What is left out botocore derives from the patterns of the partition, which stay.
    """
    prefixes = {_endpoint_prefix(path) for path in data.glob("*/*/service-2.json.gz")}
    path = data / "endpoints.json"
    known = json.loads(path.read_bytes())
    for partition in known["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    path.write_text(json.dumps(known, separators=(",", ":")))


def _endpoint_prefix(model: Path) -> str:
    return str(json.loads(gzip.decompress(model.read_bytes()))["metadata"]["endpointPrefix"])


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink()
