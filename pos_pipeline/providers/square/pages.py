"""Square's JSON pages cut into records without being parsed and written again.

A page is decoded twice by msgspec: once for the keys we sort and store by, once as raw slices.
The payload therefore reaches Postgres exactly as Square sent it. When one object of a page has
no usable key, the page is gone through object by object and only that one is set aside.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Record, Reject

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Keys(msgspec.Struct):
    """What every Square object is filed under; anything else in it is left alone."""

    id: str
    updated_at: Instant | None = None
    created_at: Instant | None = None
    location_id: str = ""
    version: int | None = None
    type: str = ""
    is_deleted: bool = False

    def changed_at(self) -> datetime | None:
        """Time of this version; objects without an update time have never been changed."""
        return self.updated_at or self.created_at


class RawPage(msgspec.Struct):
    """A list answer of any endpoint: exactly one of the lists is filled, none when it is empty."""

    payments: list[msgspec.Raw] = []
    orders: list[msgspec.Raw] = []
    refunds: list[msgspec.Raw] = []
    objects: list[msgspec.Raw] = []
    customers: list[msgspec.Raw] = []
    locations: list[msgspec.Raw] = []
    team_members: list[msgspec.Raw] = []
    cursor: str | None = None
    latest_time: Instant | None = None


class KeysPage(msgspec.Struct):
    """The same answer, keys only."""

    payments: list[Keys] = []
    orders: list[Keys] = []
    refunds: list[Keys] = []
    objects: list[Keys] = []
    customers: list[Keys] = []
    locations: list[Keys] = []
    team_members: list[Keys] = []


_raw_page = msgspec.json.Decoder(RawPage)
_keys_page = msgspec.json.Decoder(KeysPage)
_keys = msgspec.json.Decoder(Keys)


class Cut(msgspec.Struct):
    """A page in pieces."""

    records: list[Record]
    rejects: list[Reject]
    keys: list[Keys]
    """Parallel to `records`."""
    cursor: str | None
    latest_time: datetime | None


def cut(body: bytes, field: str, stream: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Cut:
    """The objects of one list answer.

    Args:
        body: The answer.
        field: Its list: `payments`, `orders`, `objects` …
        stream: For the message when the answer is not a page at all.
        now: Version time of objects that carry none.

    Raises:
        UnexpectedPayload: the answer is not a JSON object with lists where Square documents lists.
    """
    try:
        page = _raw_page.decode(body)
    except msgspec.DecodeError as error:
        raise UnexpectedPayload(
            f"square: a {stream} page of {len(body)} bytes is not what Square documents ({error}); it was not stored."
        ) from None
    slices: list[msgspec.Raw] = getattr(page, field)
    rejects: list[Reject] = []
    try:
        keys: list[Keys] = getattr(_keys_page.decode(body), field)
    except msgspec.DecodeError:
        slices, keys, rejects = _one_by_one(slices)
    records = [
        Record(
            id=key.id,
            version_at=key.changed_at() or now(),
            payload=bytes(raw),
            location_id=key.location_id,
            version_no=key.version,
        )
        for raw, key in zip(slices, keys, strict=True)
    ]
    return Cut(records, rejects, keys, page.cursor or None, page.latest_time)


def _one_by_one(slices: list[msgspec.Raw]) -> tuple[list[msgspec.Raw], list[Keys], list[Reject]]:
    good, keys, rejects = [], [], []
    for raw in slices:
        try:
            keys.append(_keys.decode(raw))
        except msgspec.DecodeError as error:
            rejects.append(Reject(reason=f"no usable key: {error}", payload=bytes(raw)))
        else:
            good.append(raw)
    return good, keys, rejects
