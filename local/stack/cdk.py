"""The real CDK command line, pointed at the emulator."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.stack import environment
from local.stack.home import ROOT, Home
from local.stack.processes import tail

_CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_NODE = ROOT / ".venv" / "bin" / "node"
_TAIL_LINES = 40


class CdkError(Exception):
    """A CDK command failed; the message shows the end of what it said."""


@dataclass(frozen=True, slots=True)
class Cdk:
    """The command line with the settings of one stack."""

    home: Home
    endpoint_url: str
    qstash_url: str
    verbose: bool = False

    def bootstrap(self) -> None:
        """What an account needs once before its first deployment."""
        # With an explicit environment and nothing to synthesize it need not run the app.
        self._run(
            "bootstrap", [f"aws://{environment.ACCOUNT}/{environment.REGION}", "--app", "true"]
        )

    def synth(self) -> None:
        """Write the templates and assets."""
        self._run("synth", ["--quiet", "--all", *self._context()])

    def deploy(self) -> dict[str, str]:
        """Deploy what `synth` wrote; all stacks' outputs by name."""
        outputs = self.home.scratch / "outputs.json"
        arguments = ["--all", "--require-approval", "never", "--outputs-file", str(outputs)]
        self._run("deploy", [*arguments, "--app", str(self.home.assembly)])
        return merged(json.loads(outputs.read_text(encoding="utf-8")))

    def _context(self) -> list[str]:
        return ["--context", "stage=local", "--context", f"qstash_url={self.qstash_url}"]

    def _run(self, name: str, arguments: Sequence[str]) -> None:
        log = self.home.logs / f"cdk-{name}.log"
        if "--app" not in arguments:
            arguments = [*arguments, "--output", str(self.home.assembly)]
        command = [str(_NODE), str(_CLI), name, *arguments, "--ci", "--no-color", "--no-notices"]
        with log.open("wb") as output:
            result = subprocess.run(
                command,
                cwd=ROOT,
                env=environment.of_cdk(self.home, self.endpoint_url),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if self.verbose:
            sys.stdout.write(log.read_text(encoding="utf-8", errors="replace"))
        if result.returncode != 0:
            raise CdkError(f"cdk {name} failed ({log}):\n{tail(Path(log), _TAIL_LINES)}")


def merged(outputs: dict[str, dict[str, str]]) -> dict[str, str]:
    """The outputs of all stacks in one; their names are unique across the application."""
    return {name: value for stack in outputs.values() for name, value in stack.items()}
