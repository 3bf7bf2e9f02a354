"""Programs in JavaScript, as other people's producers and consumers are."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.stack.environment import node


def run(program: Path, *arguments: str, given: Any, environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program with a value as JSON on its standard input.

    It finds its packages in the checkout's own ``node_modules`` and sees nothing of this process's
    environment but the way to programs.

    Returns:
        Its exit status, and what it printed: to standard output if that is 0, else to standard error.
    """
    done = subprocess.run(
        [node(), str(program), *arguments],
        input=json.dumps(given),
        env={"PATH": os.environ.get("PATH", os.defpath), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr if done.returncode else done.stdout
