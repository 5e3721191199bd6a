"""A road to a broker that a test can cut, as often as it likes; who drives up again gets through."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass
class FlakyRoad:
    """`url` leads to the broker; `taken` counts who has driven up."""

    url: str
    taken: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Break every connection there is, without a word to either end."""
        while self._open:
            end = self._open.pop()
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def flaky_road(url: str) -> Iterator[FlakyRoad]:
    """A road to the broker of `url` on a port of its own."""
    parts = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    road = FlakyRoad(urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@{host}:{port}")))

    def carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((parts.hostname, parts.port or 5672))
                road.taken += 1
                road._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield road
    finally:
        listener.close()
        road.cut()
