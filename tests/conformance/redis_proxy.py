"""Between a client and Redis: counts commands, loses replies, takes its time, or is down."""

import socket
import threading
from contextlib import suppress
from typing import BinaryIO


class RedisProxy:
    """Hands on one command at a time and its reply.

    ``commands`` lists the names of the commands, in order; ``connections`` counts who came. Set ``lose`` to that many replies which
    are to get lost after Redis has acted (``hang_up`` decides whether the client notices at once),
    ``delay`` to seconds before a reply, ``down`` to refuse everything.
    """

    def __init__(self, redis_port: int) -> None:
        self.commands: list[str] = []
        self.connections = 0
        self.lose = 0
        self.hang_up = True
        self.delay = 0.0
        self.down = False
        self._redis_port, self._closing = redis_port, threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up_on_everybody()
        for thread in self._threads:
            thread.join(5)

    def hang_up_on_everybody(self) -> None:
        """Drop the open connections, and go on listening."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.down:
                client.close()
                continue
            self.connections += 1
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(("127.0.0.1", self._redis_port)) as redis,
            client.makefile("rb") as asked,
            redis.makefile("rb") as answered,
            suppress(OSError),
        ):
            self._open |= {client, redis}
            try:
                while (command := _read(asked)) and not self.down:
                    self.commands.append(_name(command))
                    redis.sendall(command)
                    if not self._reply(client, _read(answered)):
                        return
            finally:
                self._open -= {client, redis}

    def _reply(self, client: socket.socket, reply: bytes) -> bool:
        if self.delay:
            self._closing.wait(self.delay)
        if self.lose:
            self.lose -= 1
            return not self.hang_up
        client.sendall(reply)
        return True


def _read(stream: BinaryIO) -> bytes:
    """One command or reply, in Redis' own words."""
    line = stream.readline()
    match line[:1]:
        case b"$" if int(line[1:]) >= 0:
            return line + stream.read(int(line[1:]) + 2)
        case b"*" if int(line[1:]) > 0:
            return line + b"".join(_read(stream) for _ in range(int(line[1:])))
    return line


def _name(command: bytes) -> str:
    return command.split(b"\r\n")[2].decode().upper()
