"""The AWS emulator as a process: on the loopback interface only, with a queue before Lambda.

Run as ``python -m local.stack.emulator``; `local.stack.aws` sets the environment that says the rest.
"""

import asyncio
import importlib
import os
import resource
import sys
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.browser_guard import BrowserGuard, Doors, Scope
from local.qstash.errors import StateFileError
from local.stack import permissions, unpacking
from local.stack.concurrency_limit import ConcurrencyLimiter, calls_an_api
from local.stack.ports import LOOPBACK
from local.stack.state import inside
from local.stack.state.keeper import Keeper
from local.stack.state.snapshot import SnapshotError

LIMIT_VARIABLE = "INVOCATION_LIMIT"
UNPACK_VARIABLE = "UNPACK_FOLDER"
# Where what must survive the process is kept.
KEEP_VARIABLE = "KEEP_FOLDER"
# What QStash's deliveries and AWS clients call it by. A page's own name can never be one of these.
AWS_HOSTS = ("*.on.aws", "*.amazonaws.com")
WAY_OUT = "`python -m local down --forget` gives up all that was kept, and `make up` starts anew."


def main() -> int:
    """Serve until SIGTERM, then end the functions' processes too; the exit status."""
    _allow_many_connections()
    # The emulator reads its settings from the environment when it is imported.
    application = importlib.import_module("ministack.app").app
    permissions.repair()
    if folder := os.environ.get(UNPACK_VARIABLE):
        unpacking.share(Path(folder))
    config = Config()
    config.bind = [f"{LOOPBACK}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    limiter = ConcurrencyLimiter(application, int(os.environ[LIMIT_VARIABLE]))
    keeper = Keeper(limiter, Path(os.environ[KEEP_VARIABLE]))
    try:
        keeper.restore()
    except (SnapshotError, StateFileError) as error:
        print(f"what was kept cannot be used: {error}\n{WAY_OUT}", file=sys.stderr)
        return 1
    asyncio.run(_serve(keeper, config))
    return 0


def _storefronts(scope: Scope) -> set[str]:
    return inside.storefront_pages() if calls_an_api(scope) else set()


async def _serve(keeper: Keeper, config: Config) -> None:
    guarded = BrowserGuard(keeper, Doors(AWS_HOSTS, _storefronts))
    try:
        await serve(guarded, config)  # type: ignore[arg-type]
    finally:
        # Before the event loop waits for its threads: they wait for the functions' processes.
        importlib.import_module("ministack.core.lambda_runtime").reset()
        keeper.close()


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
