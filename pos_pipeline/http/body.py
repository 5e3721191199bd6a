"""What an answer's body may be: complete, JSON, and not larger than we agreed to hold."""

import re
import time
from typing import TypeVar

import httpx
import msgspec

from pos_pipeline.errors import UnexpectedPayload

DecodedT = TypeVar("DecodedT")

MEBIBYTE = 1024 * 1024
MAX_BODY_BYTES = 64 * MEBIBYTE
MAX_BODY_SECONDS = 300.0
"""For a whole body: the client's read timeout starts again at every byte that trickles in."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SKIP = msgspec.json.Decoder(msgspec.Raw)


def read_capped(response: httpx.Response, limit_bytes: int, what: str) -> bytes:
    """The decompressed body, read as a stream and given up as soon as it passes the limit.

    Raises:
        UnexpectedPayload: names the size announced or reached, and the limit.
        httpx.ReadTimeout: it took longer than `MAX_BODY_SECONDS`.
    """
    deadline = time.monotonic() + MAX_BODY_SECONDS
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise UnexpectedPayload(_too_large(what, f"{_mebibytes(int(announced))} announced", limit_bytes))
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > limit_bytes:
            raise UnexpectedPayload(_too_large(what, f"more than {_mebibytes(size)}", limit_bytes))
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"the body took longer than {MAX_BODY_SECONDS:.0f} s")
        chunks.append(chunk)
    return b"".join(chunks)


def is_json(content_type: str, body: bytes) -> bool:
    """Whether a body means to be JSON, judged by its announcement and first byte.

    Tells a proxy's HTML page and a plain-text `upstream connect error` from an answer of the POS.
    """
    return "html" not in content_type.lower() and body.lstrip()[:1] in {b"{", b"["}


def syntax_fault(body: bytes) -> str | None:
    """What breaks the JSON and where, or None: a body cut short is noticed here, where it can be asked for again.

    Skips over the values without making them, at over 1 GB/s; readers decode what they need.
    """
    try:
        _SKIP.decode(body)
    except msgspec.DecodeError as error:
        return _QUOTED.sub("…", str(error))
    return None


def decode(body: bytes, kind: type[DecodedT], *, provider: str, path: str) -> DecodedT:
    """`body` as `kind`.

    Raises:
        UnexpectedPayload: names provider, path and position of the fault, never the content.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        fault = _QUOTED.sub("…", str(error))
    raise UnexpectedPayload(f"{provider}: {path} answered {len(body)} bytes that are not as documented: {fault}.")


def _too_large(what: str, size: str, limit_bytes: int) -> str:
    return f"{what} answered a body of {size}; the limit is {_mebibytes(limit_bytes)}. Nothing of it was kept."


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:.1f} MiB" if size >= MEBIBYTE else f"{size} bytes"
