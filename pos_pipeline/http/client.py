"""The one httpx client of a process: its pool, timeouts and what it never does."""

import atexit
import functools
import logging
import os
from importlib.metadata import version

import httpx

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
POOL_CONNECTIONS = 32
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that never follows a redirect (a token must not travel on) and does not log URLs.

    Args:
        transport: Instead of the network, for tests.
    """
    for chatty in ("httpx", "httpcore"):  # they log query strings and headers
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=POOL_CONNECTIONS, max_keepalive_connections=POOL_CONNECTIONS),
        headers={"User-Agent": f"pos-pipeline/{version('pos-pipeline')}", "Accept": "application/json"},
        follow_redirects=False,
        # A proxy of the environment serves the internet; the simulated clouds are on this machine.
        mounts={f"all://{host}": None for host in LOOPBACK} if transport is None else None,
    )


def shared_client() -> httpx.Client:
    """This process's client. A forked worker gets its own: two processes on one socket would mix answers."""
    return _client_of(os.getpid())


@functools.lru_cache(maxsize=1)
def _client_of(_pid: int) -> httpx.Client:
    client = new_client()
    atexit.register(client.close)
    return client
