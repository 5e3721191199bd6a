"""A Square where nothing ever happens: every request is answered `{}` at once, and counted.

As little work as an HTTP server can do, so that a benchmark measures the client. Runs in a process of
its own on loopback; `GET /_requests` tells how many requests came by path, and forgets them.
"""

import asyncio
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

import httpx
import psutil

HEADER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@dataclass(frozen=True)
class QuietCloud:
    """Where it answers."""

    url: str
    process_id: int

    def requests(self) -> Counter[str]:
        """Requests by path since the last time somebody asked."""
        return Counter(httpx.get(f"{self.url}/_requests", trust_env=False).json())

    @property
    def cpu_seconds(self) -> float:
        """CPU its process has used."""
        times = psutil.Process(self.process_id).cpu_times()
        return float(times.user + times.system)


@contextmanager
def quiet_cloud() -> Iterator[QuietCloud]:
    """A quiet cloud for as long as the block runs."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    port, process_id = ours.recv()
    try:
        yield QuietCloud(f"http://127.0.0.1:{port}", process_id)
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Pipe) -> None:
    async def run() -> None:
        counts: Counter[str] = Counter()
        server = await asyncio.get_running_loop().create_server(lambda: _Exchange(counts), "127.0.0.1", 0)
        pipe.send((server.sockets[0].getsockname()[1], os.getpid()))
        await server.serve_forever()

    asyncio.run(run())


class _Exchange(asyncio.Protocol):
    """One keep-alive connection of a client that does not pipeline."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, separator, body = self._arrived.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        self._arrived = b""
        path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
        answer = b"{}"
        if path == "/_requests":
            answer = json.dumps(self._counts).encode()
            self._counts.clear()
        else:
            self._counts[path] += 1
        self._transport.write(HEADER % len(answer) + answer)  # type: ignore[attr-defined]


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
