"""The gateway behind a socket."""

import socket

import uvicorn

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.gateway import logs
from pos_pipeline.gateway.app import build_app
from pos_pipeline.gateway.local_key import local_key
from pos_pipeline.gateway.settings import GatewaySettings
from pos_pipeline.services import Services

BACKLOG = 2048


def listen(settings: GatewaySettings, port: int) -> socket.socket:
    """A socket to serve; port 0 takes any free one.

    Raises:
        InvalidRequest: the port is taken, or the address is not this machine's.
    """
    try:
        return socket.create_server((settings.host, port), backlog=BACKLOG)
    except OSError as error:
        raise InvalidRequest(
            f"gateway: port {port} on {settings.host} cannot be listened on ({error.strerror}); set PORT or POS_HOST."
        ) from None


def build_server(services: Services, settings: GatewaySettings) -> uvicorn.Server:
    """A server of the gateway; it listens nowhere yet. Log lines are the gateway's own: access lines hold queries."""
    config = uvicorn.Config(
        build_app(services, settings),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


def serve(services: Services, settings: GatewaySettings, listener: socket.socket) -> None:
    """Serve until told to end; all that this process logs is JSON from here on."""
    more = [local_key(services.settings.pos_home)] if settings.is_local else []
    logs.configure(logs.secrets_of(services, settings, *more))
    address = f"http://{settings.host}:{listener.getsockname()[1]}"
    settings = settings.model_copy(update={"public_url": settings.public_url or address})
    build_server(services, settings).run(sockets=[listener])
