"""The real CDK command line, pointed at the emulator."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.stack import environment, pid_file, processes
from local.stack.home import ROOT, Home

CONTEXT_VARIABLE = "LOCAL_CONTEXT"
_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_SUMMARY = "Failed resources:"
_TAIL_LINES = 40


class CdkError(Exception):
    """A CDK command failed; the message shows the end of what it said."""


@dataclass(frozen=True, slots=True)
class Cdk:
    """The command line with the settings of one stack.

    Args:
        facts: what a deployer would give as ``-c name=value``, separated by blanks.
    """

    home: Home
    endpoint_url: str
    qstash_url: str
    webhook_base_url: str = ""
    facts: str = ""
    verbose: bool = False

    def synth(self) -> None:
        """Write the templates and assets."""
        values = {
            "stage": "local",
            "qstash_url": self.qstash_url,
            # Under the emulator's own address, so that a plain curl reaches the API.
            "api_gateway_url": f"{self.endpoint_url}/_aws/execute-api",
        }
        if self.webhook_base_url:
            values["webhook_base_url"] = self.webhook_base_url
        context = context_arguments(self.facts, values)
        self._run("synth", ["--quiet", *context, "--output", str(self.home.assembly)])

    def bootstrap(self) -> None:
        """What an account needs once before its first deployment; after `synth`."""
        target = f"aws://{environment.ACCOUNT}/{environment.REGION}"
        self._run("bootstrap", [target, "--app", str(self.home.assembly)])

    def deploy(self) -> dict[str, str]:
        """Deploy what `synth` wrote; all stacks' outputs by name."""
        outputs = self.home.scratch / "outputs.json"
        arguments = ["--all", "--require-approval", "never", "--outputs-file", str(outputs)]
        self._run("deploy", [*arguments, "--app", str(self.home.assembly)])
        return merged(json.loads(outputs.read_text(encoding="utf-8")))

    def _run(self, name: str, arguments: Sequence[str]) -> None:
        command = [
            environment.node(),
            str(_CLI),
            name,
            *arguments,
            "--ci",
            "--no-color",
            "--no-notices",
        ]
        settings = environment.of_cdk(self.home, self.endpoint_url)
        code = processes.run(f"cdk-{name}", command, self.home, settings, self._remember)
        pid_file.end_command(self.home)
        log = self.home.logs / f"cdk-{name}.log"
        if self.verbose:
            sys.stdout.write(log.read_text(encoding="utf-8", errors="replace"))
        if code != 0:
            said = log.read_text(encoding="utf-8", errors="replace")
            raise CdkError(f"cdk {name} failed ({log}):\n{failure(said)}")

    def _remember(self, process: processes.Process) -> None:
        pid_file.begin_command(self.home, process)


def context_arguments(facts: str, own: Mapping[str, str]) -> list[str]:
    """The deployer's facts and the stack's own values as arguments.

    The own ones win: they are what keeps the stack on this machine.
    """
    given = {name: value for name, _, value in (fact.partition("=") for fact in facts.split())}
    return [f"--context={name}={value}" for name, value in {**given, **own}.items()]


def failure(said: str) -> str:
    """The part of a failed command's output that says why, without the rollback's hundred lines."""
    _, marker, why = said.partition(_SUMMARY)
    lines = f"{marker}{why}".splitlines() if marker else said.splitlines()[-_TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def merged(outputs: dict[str, dict[str, str]]) -> dict[str, str]:
    """The outputs of all stacks in one; their names are unique across the application."""
    return {name: value for stack in outputs.values() for name, value in stack.items()}
