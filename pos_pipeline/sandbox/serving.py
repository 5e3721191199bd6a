"""A sandbox behind HTTP: in this process in the background, or as a process of its own."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from pos_pipeline.sandbox.cloud import CloudOptions
from pos_pipeline.sandbox.control import build_control
from pos_pipeline.sandbox.sandbox import Sandbox, Wishes
from pos_pipeline.sandbox.shop.clock import instant_of
from pos_pipeline.sandbox.shop.merchants import MerchantSpec

LOOPBACK = "127.0.0.1"


def open_sandbox(
    *,
    seed: int | None = None,
    days: int | None = None,
    sales_per_day: float | None = None,
    merchants: Sequence[MerchantSpec] | None = None,
    anchor: datetime | None = None,
    home: Path | None = None,
    cloud_options: CloudOptions | None = None,
) -> Sandbox:
    """A sandbox, not yet served. What is not given is as the home remembers it, else the default.

    Its history ends at `anchor` (aware). Without one it ends now, and the world keeps up with the real
    clock; with one, time passes by actions alone, so that everything can be repeated to the byte.
    """
    wishes = Wishes(
        anchor=None if anchor is None else instant_of(anchor),
        seed=seed,
        days=days,
        sales_per_day=sales_per_day,
        merchants=None if merchants is None else tuple(merchants),
    )
    return Sandbox(wishes, folder=home, cloud_options=cloud_options)


def build_server(sandbox: Sandbox) -> uvicorn.Server:
    """A server of the clouds under their names and of the control API; it listens nowhere yet."""
    mounts = [Mount(f"/{name}", app=cloud.app) for name, cloud in sandbox.clouds.items()]
    app = Starlette(routes=[Mount("/_sandbox", app=build_control(sandbox)), *mounts])
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=2
    )
    return uvicorn.Server(config)


def listen(sandbox: Sandbox, port: int) -> socket.socket:
    """A loopback socket for the sandbox, whose address becomes known by it; port 0 picks a free one.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    sandbox.address = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    return listener


@contextmanager
def running_sandbox(
    *,
    port: int = 0,
    seed: int | None = None,
    days: int | None = None,
    sales_per_day: float | None = None,
    merchants: Sequence[MerchantSpec] | None = None,
    anchor: datetime | None = None,
    home: Path | None = None,
    cloud_options: CloudOptions | None = None,
) -> Iterator[Sandbox]:
    """A sandbox served from a thread of this process until the block ends."""
    sandbox = open_sandbox(
        seed=seed,
        days=days,
        sales_per_day=sales_per_day,
        merchants=merchants,
        anchor=anchor,
        home=home,
        cloud_options=cloud_options,
    )
    listener = listen(sandbox, port)
    server = build_server(sandbox)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
        sandbox.close()
