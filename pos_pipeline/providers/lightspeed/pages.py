"""Lightspeed's JSON pages cut into records without being parsed and written again.

A page is decoded twice by msgspec: once for the keys we file by, once as raw slices, so that the
payload reaches Postgres exactly as it was sent. Keys are read leniently, because numbers come as
strings and flags as 0 and 1 in places. An object without usable keys is set aside alone.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Record, Reject

Version = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""64 bits: live ones passed 2^32 long ago."""
NO_VERSION = "no usable key: it has no version"
NOT_A_SALE = "not a sale of API 2.0: it lacks line_items or sale_date"
_ABSENT = msgspec.Raw(b"")


class Keys(msgspec.Struct):
    """What any object is filed under; anything else in it is left alone."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    version: Version | None = None
    outlet_id: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    deleted_at: str | None = None
    sale_date: datetime | None = None
    date: msgspec.Raw = _ABSENT
    line_items: msgspec.Raw = _ABSENT
    active: bool | None = None
    is_active: bool | None = None
    has_variants: bool | None = None

    @property
    def changed_at(self) -> datetime | None:
        """Time of this version, UTC."""
        return as_utc(self.updated_at or self.created_at)

    @property
    def is_sale(self) -> bool:
        """Whether it has what makes a sale of API 2.0: other versions have `date`, or other names for lines.

        What was never sold, such as a parked sale, may lack its `sale_date`.
        """
        return bytes(self.line_items) != b"" and (self.sale_date is not None or bytes(self.date) == b"")

    @property
    def is_sellable(self) -> bool:
        """Whether a product can be rung up: the row above a product's variants cannot."""
        is_active = self.active is not False and self.is_active is not False
        return is_active and not self.deleted_at and not self.has_variants


class Cut(msgspec.Struct):
    """A page in pieces."""

    records: list[Record]
    rejects: list[Reject]
    keys: list[Keys]
    """Parallel to `records`."""
    named_max: int | None = None
    """Highest version on the page as the page itself says."""

    @property
    def received(self) -> int:
        """How many objects came, usable or not."""
        return len(self.records) + len(self.rejects)

    @property
    def position(self) -> int | None:
        """Highest version among the usable objects."""
        return max((key.version for key in self.keys if key.version is not None), default=None)

    @property
    def reached(self) -> int | None:
        """The version after which the next page begins; None when nothing says."""
        return max((n for n in (self.position, self.named_max) if n is not None), default=None)


class _Bounds(msgspec.Struct):
    max: Version | None = None


class _RawPage(msgspec.Struct):
    data: list[msgspec.Raw] | None
    version: _Bounds | None = None


class _KeysPage(msgspec.Struct):
    data: list[Keys] | None


_raw_page = msgspec.json.Decoder(_RawPage, strict=False)
_keys_page = msgspec.json.Decoder(_KeysPage, strict=False)
_keys = msgspec.json.Decoder(Keys, strict=False)


def cut(body: bytes, stream: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Cut:
    """The objects of one list or search.

    Args:
        body: The answer.
        stream: What it lists; of `sales` the members that tell API 2.0 are asked for.
        now: Version time of objects that carry none.

    Raises:
        UnexpectedPayload: it is no list, or a list of sales none of which has the shape of API 2.0.
    """
    try:
        page = _raw_page.decode(body)
    except msgspec.DecodeError as error:
        raise no_page(body, stream, error) from None
    slices = page.data or []
    try:
        keys: Sequence[Keys | str] = _keys_page.decode(body).data or []
    except msgspec.DecodeError:
        keys = [_read_keys(raw) for raw in slices]
    if stream == "sales":
        keys = _only_sales(keys, len(body))
    piece = file(slices, keys, now, needs_version=True)
    piece.named_max = page.version.max if page.version else None
    return piece


def cut_unversioned(slices: Sequence[msgspec.Raw], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Cut:
    """The objects of a list read whole, which need an id only."""
    return file(slices, [_read_keys(raw) for raw in slices], now, needs_version=False)


def file(
    slices: Sequence[msgspec.Raw], keys: Sequence[Keys | str], now: Callable[[], datetime], *, needs_version: bool
) -> Cut:
    """Records of the objects that have keys, rejects of the others; instead of keys stands why there are none."""
    piece = Cut([], [], [])
    for raw, key in zip(slices, keys, strict=True):
        if isinstance(key, str) or (needs_version and key.version is None):
            piece.rejects.append(Reject(key if isinstance(key, str) else NO_VERSION, bytes(raw)))
            continue
        piece.keys.append(key)
        piece.records.append(
            Record(key.id, key.changed_at or now(), bytes(raw), key.outlet_id or "", version_no=key.version)
        )
    return piece


def no_page(body: bytes, stream: str, error: msgspec.DecodeError) -> UnexpectedPayload:
    """The error for an answer that is something else altogether; msgspec names types and places, never content."""
    return UnexpectedPayload(
        f"lightspeed: a {stream} page of {len(body)} bytes is not what Lightspeed documents ({error}); "
        "it was not stored."
    )


def as_utc(moment: datetime | None) -> datetime | None:
    """Times without a zone are UTC, as everywhere at Lightspeed."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _read_keys(raw: msgspec.Raw) -> Keys | str:
    try:
        return _keys.decode(raw)
    except msgspec.DecodeError as error:
        return f"no usable key: {error}"


def _only_sales(keys: Sequence[Keys | str], size: int) -> Sequence[Keys | str]:
    """The keys, with a reason in the place of those that are no sales of API 2.0.

    Raises:
        UnexpectedPayload: not one is. Lightspeed serves a version it has retired as another one, silently.
    """
    legible = [key for key in keys if isinstance(key, Keys)]
    if legible and not any(key.is_sale for key in legible):
        raise UnexpectedPayload(
            f"lightspeed: none of {len(keys)} sales on a page of {size} bytes has sale_date and line_items; they are "
            "not in the shape of API 2.0, and nothing of them was stored."
        )
    return [key if isinstance(key, str) or key.is_sale else NOT_A_SALE for key in keys]
