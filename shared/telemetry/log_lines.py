"""How a log record becomes a line: Powertools' schema, written in a third of the time.

Powertools' own formatter serves every way in which its logger can be used. Ours is used in one: a
text, the fields of an invocation, and the fields of the line. Tests hold the two to the same lines.
"""

import json
import logging
import os
import time
from collections.abc import Iterable
from typing import Any

from aws_lambda_powertools.logging.formatter import BasePowertoolsFormatter

# The one attribute of a record that carries the fields of its line.
FIELDS = "fields"
_TRACE = "_X_AMZN_TRACE_ID"


class LineFormatter(BasePowertoolsFormatter):
    """One JSON object per record. Only ASCII leaves: no text can begin another line (S34)."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, Any] = {}
        self._encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
        self._second, self._second_text = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.msg,
            "timestamp": self._moment(record.created),
            **self._keys,
            **getattr(record, FIELDS, {}),
        }
        if trace := os.environ.get(_TRACE):
            line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
        return self._encode(line)

    def _moment(self, created: float) -> str:
        # As Powertools writes it: 2026-03-01 12:00:00,123+0000. The lines of one invocation mostly
        # share their second.
        second = int(created)
        if second != self._second:
            self._second_text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._second_text},{int((created - second) * 1000):03d}+0000"

    def append_keys(self, **additional_keys: Any) -> None:
        """Fields of every following line. One that is None is left out."""
        self._keys |= {name: value for name, value in additional_keys.items() if value is not None}

    def get_current_keys(self) -> dict[str, Any]:
        """The fields of every line."""
        return self._keys

    def remove_keys(self, keys: Iterable[str]) -> None:
        """Fields that the following lines do not have."""
        for key in keys:
            self._keys.pop(key, None)

    def clear_state(self) -> None:
        """No fields: a logger of the same name is set up anew."""
        self._keys = {}

    def thread_safe_clear_keys(self) -> None:
        """Nothing to clear: a function's process handles one event at a time."""
