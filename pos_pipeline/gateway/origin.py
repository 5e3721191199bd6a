"""Where a request was sent from, as far as the connection and its headers tell."""

from ipaddress import ip_address

from starlette.requests import Request

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""What proxies say; a request that has any of these has come through one, whatever its connection says."""


def is_of_this_machine(request: Request) -> bool:
    """Whether it was sent at this machine: not through a proxy here, nor over any network.

    A connection without an address (a test's, an ASGI server inside this process) is of this machine.
    """
    if any(header in request.headers for header in FORWARDED):
        return False
    try:
        return request.client is None or ip_address(request.client.host).is_loopback
    except ValueError:
        return True
