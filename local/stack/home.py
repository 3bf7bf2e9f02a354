"""Where one stack keeps its files. Two stacks side by side are two homes."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.stack import private

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "ORDER_PIPELINE_HOME"
DEFAULT = ROOT / ".local"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one stack."""

    folder: Path

    @property
    def stack_file(self) -> Path:
        """What tools and tests read: addresses, keys, tables."""
        return self.folder / "stack.json"

    @property
    def processes_file(self) -> Path:
        """What was started, written before anything else can go wrong."""
        return self.folder / "processes.json"

    @property
    def command_file(self) -> Path:
        """The CDK command that goes on, so that it can be ended if no terminal waits for it any more."""
        return self.folder / "command.json"

    @property
    def logs(self) -> Path:
        """One file per process and per CDK command."""
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        """Temporary files of the stack's processes; emptied by `down`."""
        return self.folder / "scratch"

    @property
    def state(self) -> Path:
        """What survives the death of a process, and `down`: orders, mails, messages, functions."""
        return self.folder / "state"

    @property
    def ports_file(self) -> Path:
        """Which ports the stack had when it was brought up last."""
        return self.folder / "ports.json"

    @property
    def assembly(self) -> Path:
        """What `cdk synth` wrote for this stack."""
        return self.folder / "cdk.out"

    @property
    def lock_file(self) -> Path:
        """Held while the stack is brought up or down."""
        return self.folder / "lock"

    def create(self) -> None:
        """Make the folders, and make what is in them their owner's alone (S45).

        Raises:
            NotPrivateError: something in them leads elsewhere, or belongs to another user.
        """
        private.own_folders(
            self.folder, inside=(self.logs, self.state), unpacked=(self.scratch, self.assembly)
        )
        self.scratch.mkdir(exist_ok=True, mode=0o700)

    def forget(self) -> None:
        """Give up what survives `down`: the state, and the ports."""
        self.forget_state()
        self.ports_file.unlink(missing_ok=True)

    def forget_state(self) -> None:
        """Give up orders, mails, messages and functions; nothing of the stack may run."""
        shutil.rmtree(self.state)
        self.state.mkdir(mode=0o700)


def resolve(argument: Path | None, environ: Mapping[str, str] = os.environ) -> Home:
    """The home that was asked for: the argument, else the environment, else ``.local``."""
    return Home(Path(argument or environ.get(VARIABLE) or DEFAULT).resolve())
