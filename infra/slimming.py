"""What the layer's wheels carry that no function of ours reads."""

import shutil
from collections.abc import Iterable
from pathlib import Path

# Data of the services that some function calls; botocore names a missing one in its error.
SERVICES = ("dynamodb", "sesv2", "sns", "ssm")

_FOLDERS = ("bin", "aws_lambda_powertools/event_handler/openapi/swagger_ui")
_FILES = (
    # Records of how pip installed them: they differ from machine to machine and nothing reads them.
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/sboms/*",
    "botocore/data/*/*/examples-1.json",
    "**/*.pyi",
    "**/*.c",
)


def slim(site: Path) -> None:
    """Drop it, in place."""
    for name in _FOLDERS:
        shutil.rmtree(site / name, ignore_errors=True)
    for service in (site / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in SERVICES:
            shutil.rmtree(service)
    for pattern in _FILES:
        _unlink(list(site.glob(pattern)))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink()
