"""The stack's description for tools and tests: ``stack.json``, readable by its owner only."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from local.stack import environment
from local.stack.home import Home
from local.stack.qstash import Server
from shared.contracts.topics import Topic
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError
from shared.storage.schema import TABLES

_MOST_BYTES = 1_000_000


class StackFileError(Exception):
    """There is no stack description, or it is not one."""


@dataclass(frozen=True, slots=True)
class Aws:
    """How to reach the emulator."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: where everything is. `console_url` is empty until a console is started."""

    stage: str
    api_url: str
    topics: dict[str, dict[str, str]]
    qstash: dict[str, str]
    redis_url: str
    aws: Aws
    tables: dict[str, str]
    mailbox_url: str
    console_url: str
    pids: dict[str, int]
    # What the shop's server signs checkouts with, where the stage asks for that.
    checkout: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it whole or not at all: a reader never sees half a file."""
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
        partial.replace(path)

    @classmethod
    def load(cls, home: Home) -> Self:
        """The stack of this home.

        Raises:
            StackFileError: when none was brought up, or something else wrote the file.
        """
        try:
            found = strict_json.loads(home.stack_file.read_bytes(), max_bytes=_MOST_BYTES)
        except FileNotFoundError:
            raise StackFileError(f"no stack in {home.folder}; `make up` starts one") from None
        except PermanentError as error:
            raise StackFileError(_no_description(home, str(error))) from error
        try:
            # Each member of its own kind: another program may have written the file.
            return TypeAdapter(cls).validate_python(found)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise StackFileError(_no_description(home, f"{where}: {first['msg']}")) from error


def _no_description(home: Home, why: str) -> str:
    return f"{home.stack_file} is not a stack description: {why}"


def describe(
    outputs: Mapping[str, str],
    *,
    endpoint_url: str,
    qstash: Server,
    redis_url: str,
    pids: dict[str, int],
    checkout_key: str = "",
) -> Stack:
    """The description of what was deployed, from the deployment's outputs."""
    return Stack(
        stage="local",
        api_url=api_address(outputs),
        topics={topic.value: {"url": _output(outputs, f"{topic}Url")} for topic in Topic},
        qstash=asdict(qstash),
        redis_url=redis_url,
        aws=Aws(
            endpoint_url,
            environment.REGION,
            environment.ACCESS_KEY_ID,
            environment.SECRET_ACCESS_KEY,
        ),
        tables={table: _output(outputs, f"Table{table}") for table in TABLES},
        mailbox_url=f"{endpoint_url}/_ministack/ses/messages",
        console_url="",
        pids=pids,
        checkout={"current_signing_key": checkout_key},
    )


def api_address(outputs: Mapping[str, str]) -> str:
    """Where the API answers."""
    return _output(outputs, "ApiUrl")


def _output(outputs: Mapping[str, str], name: str) -> str:
    """An output by a name that may be written in CamelCase or with underscores."""
    for candidate, value in outputs.items():
        if _plain(candidate) == _plain(name):
            return value
    offered = ", ".join(sorted(outputs)) or "none at all"
    raise StackFileError(f"the deployment has no output {name}; it has {offered}")


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
