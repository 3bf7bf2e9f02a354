"""The sample of each event type: what a producer may write and every consumer must read.

One file per type and version; a released sample is never edited, a new version gets a new file.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PATHS = sorted(FOLDER.glob("*/v*.json"))


def name_of(path: Path) -> str:
    """The sample as a test id."""
    return f"{path.parent.name}/{path.stem}"


def text_of(path: Path) -> bytes:
    """The sample as it would travel."""
    return path.read_bytes()


def values_of(path: Path) -> dict[str, Any]:
    """The sample parsed, with exact numbers."""
    values: dict[str, Any] = json.loads(path.read_bytes(), parse_float=Decimal)
    return values


def sample(event_type: str) -> dict[str, Any]:
    """The newest sample of a type."""
    return values_of([path for path in PATHS if path.parent.name == event_type][-1])
