"""The functions of a stack from Lambda's side: their worker processes, settings and invocations."""

import json
import os
import random
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import aws
from local.stack.stackfile import Stack

_PREFIX = "order-pipeline-local-"
_WORKER = "_worker.py"


class ReconcilerError(Exception):
    """A run of the reconciler ended with an error."""


@dataclass(slots=True)
class Workers:
    """Worker processes of one stack's emulator, and of nothing else."""

    emulator: int
    kills: int = 0

    @classmethod
    def of(cls, stack: Stack) -> "Workers":
        """Those of a running stack."""
        return cls(stack.pids["aws"])

    def running(self, function: str = "") -> list[int]:
        """Their process ids; of one function if it is named."""
        command = ["ps", "-axwwo", "pid=,ppid=,args="]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = []
        for line in listed.splitlines():
            pid, parent, arguments = line.split(None, 2)
            ours = int(parent) == self.emulator and arguments.endswith(_WORKER)
            if ours and f"{_PREFIX}{function}" in arguments:
                found.append(int(pid))
        return found

    def kill(self, function: str = "") -> int:
        """SIGKILL all of a function's; how many there were."""
        return sum(self._kill(pid) for pid in self.running(function))

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL any one, in the middle of whatever it does."""
        pids = self.running()
        if pids:
            self._kill(chance.choice(sorted(pids)))

    def _kill(self, pid: int) -> bool:
        # It may have ended by itself between the look and the signal.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
            return True
        return False


@dataclass(frozen=True, slots=True)
class Lambda:
    """The emulator's Lambda API."""

    api: Any

    @classmethod
    def of(cls, stack: Stack) -> "Lambda":
        """That of a running stack."""
        return cls(aws.client("lambda", stack.aws.endpoint_url))

    def tell(self, function: str, **settings: str) -> None:
        """Change a deployed function's environment, as a new version behind its alias."""
        name = f"{_PREFIX}{function}"
        known = self.api.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        self.api.update_function_configuration(
            FunctionName=name, Environment={"Variables": known | settings}
        )
        version = self.api.publish_version(FunctionName=name)["Version"]
        self.api.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def reconcile(self) -> dict[str, Any]:
        """One run of the reconciler; its figures, empty if the scheduler's own was in the way.

        Raises:
            ReconcilerError: the run ended with an error.
        """
        try:
            answer = self.api.invoke(FunctionName=f"{_PREFIX}reconciler:live", Payload=b"{}")
        except (ClientError, BotoCoreError):
            return {}
        said = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise ReconcilerError(said)
        return dict(json.loads(said))
