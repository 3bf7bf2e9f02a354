"""Keeps the emulator's state, as an ASGI application around the emulator's.

No answer leaves before the rows, mails and texts that it speaks of are in the journal: a process
that is killed loses nothing that it has answered for. (A machine that loses power may: the journal
does not wait for the disk.) The installation itself (functions, roles, parameters, ...) changes
seldom; it is kept by a snapshot when a deployment is complete, and soon after any other change.
"""

import asyncio
import json
import sys
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.qstash.state.journal import FileJournal
from local.stack.concurrency_limit import Application, Receive, Scope, Send
from local.stack.state.changes import Changes, Operation, forget_messages, replay
from local.stack.state.requests import changes_installation
from local.stack.state.snapshot import Snapshot, SnapshotError

JOURNAL_FORMAT = {"format": "aws-emulator-changes", "version": 1}
DEPLOYING_PATH = "/_stack/deploying"
KEEP_PATH = "/_stack/keep"
FORGET_MESSAGES_PATH = "/_stack/forget-messages"
# A function that was changed is ready a moment after the answer.
SETTLE_SECONDS = 2.0
# So many changes make the next start slow; then a snapshot takes their place.
MOST_CHANGES = 50_000


class Keeper:
    """Hands requests on, and writes down what they changed."""

    def __init__(self, application: Application, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._application = application
        self._snapshot = Snapshot(folder / "snapshot.json")
        self._generation = 0
        self._journal: FileJournal | None = None
        self._changes = Changes()
        self._unwritten: list[Operation] = []
        self._written = 0
        # Half an installation is never kept; one that was never complete is half.
        self._deploying = True
        self._settling: asyncio.TimerHandle | None = None
        self._controls: dict[str, Callable[[], None]] = {
            DEPLOYING_PATH: self._begin_deployment,
            KEEP_PATH: self._keep_all,
            FORGET_MESSAGES_PATH: self._forget_messages,
        }

    def restore(self) -> None:
        """Give the emulator what was kept, if anything was.

        Raises:
            SnapshotError, StateFileError: when what was kept is damaged. It is left as it is.
        """
        generation = self._snapshot.load()
        if generation is not None:
            path = self._snapshot.journal(generation)
            if path.exists():
                journal = FileJournal(path, JOURNAL_FORMAT)
                replay(journal.read())
                journal.close()
            self._generation = generation
        self._changes.watch()
        if generation is not None:
            self._keep_all()

    def close(self) -> None:
        """Keep everything, log lines too, before the process ends in peace."""
        if self._settling is not None:
            self._settling.cancel()
        self._write_changes()
        if not self._deploying:
            self._take_snapshot()
        if self._journal is not None:
            self._journal.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; its answer waits until its changes are on disk."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        control = self._controls.get(scope["path"])
        if control is not None:
            await _answer(send, *_outcome(scope, control))
            return
        heard = _Overhearing(receive)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._write_changes()
            await send(message)

        await self._application(scope, heard.receive, sending)
        if changes_installation(scope, heard.start):
            self._keep_soon()

    def _write_changes(self) -> None:
        self._unwritten += self._changes.collect()
        if self._journal is not None and self._unwritten:
            # On a full disk this fails, and the next answer tries again.
            with self._journal.batch():
                for operation in self._unwritten:
                    self._journal.record(operation)
            self._written += len(self._unwritten)
        self._unwritten = []
        if self._written > MOST_CHANGES and self._settling is None:
            self._keep_soon()

    def _begin_deployment(self) -> None:
        self._deploying = True

    def _keep_all(self) -> None:
        self._take_snapshot()
        self._deploying = False

    def _take_snapshot(self) -> None:
        """Write a snapshot, and begin the journal that continues it."""
        self._write_changes()
        generation = self._generation + 1
        path = self._snapshot.journal(generation)
        path.unlink(missing_ok=True)
        journal = FileJournal(path, JOURNAL_FORMAT)
        try:
            journal.compact([])
            self._snapshot.write(generation)
        except BaseException:
            journal.close()
            raise
        if self._journal is not None:
            self._journal.close()
        self._journal, self._generation, self._written = journal, generation, 0
        self._snapshot.drop_other_journals(generation)

    def _forget_messages(self) -> None:
        if self._deploying:
            raise SnapshotError("a deployment goes on, or was broken off; `make up` completes it")
        forget_messages()
        self._take_snapshot()

    def _keep_soon(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._settled)

    def _settled(self) -> None:
        self._settling = None
        if self._deploying:
            return
        try:
            self._take_snapshot()
        except (OSError, SnapshotError) as error:
            print(f"the installation as it is now is not kept: {error}", file=sys.stderr)


class _Overhearing:
    """Hands a request's body on, and remembers its first part."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.start = b""

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message, as it came."""
        message = await self._receive()
        if not self.start and message["type"] == "http.request":
            self.start = bytes(message.get("body") or b"")[:512]
        return message


def _outcome(scope: Scope, control: Callable[[], None]) -> tuple[HTTPStatus, dict[str, str]]:
    if scope["method"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, {"error": "POST is the only method here"}
    try:
        control()
    except (OSError, SnapshotError) as error:
        return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": str(error)}
    return HTTPStatus.OK, {}


async def _answer(send: Send, status: HTTPStatus, body: dict[str, str]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
