"""Toast's lists cut into records without being parsed and written again.

Lists are bare JSON arrays. One is decoded twice by msgspec: once for the keys we sort and store by, once as
raw slices, so that the payload reaches Postgres exactly as Toast sent it. When one object has no usable key,
the list is gone through object by object and only that one is set aside.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Page, Record, Reject

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Guid = Annotated[str, msgspec.Meta(min_length=1)]

NEVER = datetime(1970, 1, 2, tzinfo=UTC)
"""What lies before it means that it has not happened."""


class Keys(msgspec.Struct, rename="camel"):
    """What every object is filed under; anything else in it is left alone."""

    guid: Guid
    created_date: Instant | None = None
    modified_date: Instant | None = None

    def changed_at(self) -> datetime | None:
        """Time of this version, as far as the object tells it."""
        return happened(self.modified_date) or happened(self.created_date)


class _Given(msgspec.Struct, rename="camel"):
    refund_date: Instant | None = None
    void_date: Instant | None = None


class PaymentKeys(msgspec.Struct, rename="camel"):
    """Keys of a payment, which carries no time of its last change: the latest thing that happened to it is it."""

    guid: Guid
    paid_date: Instant | None = None
    refund: _Given | None = None
    void_info: _Given | None = None

    def changed_at(self) -> datetime | None:
        """When it was paid, given back or voided, whichever came last."""
        refund, void = self.refund or _Given(), self.void_info or _Given()
        times = (happened(self.paid_date), happened(refund.refund_date), happened(void.void_date))
        return max((time for time in times if time), default=None)


def happened(time: datetime | None) -> datetime | None:
    """The time, unless it is Toast's 1970 for "never"."""
    return None if time is None or time < NEVER else time


def cut(
    body: bytes,
    keys: type[Keys] | type[PaymentKeys],
    stream: str,
    restaurant: str,
    now: datetime | None = None,
) -> Page:
    """The objects of one list.

    Args:
        body: The answer, an array.
        keys: How its objects are read.
        stream: For the message when the answer is no list.
        restaurant: The restaurant's GUID; Toast's objects do not repeat it.
        now: Version time of objects that tell none; without it they are set aside.

    Raises:
        UnexpectedPayload: the answer is not an array.
    """
    try:
        slices = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise UnexpectedPayload(
            f"toast: a {stream} page of {len(body)} bytes is not the list Toast documents ({error}); it was not stored."
        ) from None
    found: list[Keys | PaymentKeys | str]
    try:
        found = list(msgspec.json.decode(body, type=list[keys]))  # type: ignore[valid-type]
    except msgspec.DecodeError:
        found = [_key_or_fault(raw, keys) for raw in slices]
    records, rejects = [], []
    for raw, key in zip(slices, found, strict=True):
        if isinstance(key, str):
            rejects.append(Reject(f"no usable key: {key}", bytes(raw)))
        elif (changed_at := key.changed_at() or now) is None:
            rejects.append(Reject("no usable key: it does not say when it was changed", bytes(raw), key.guid))
        else:
            records.append(Record(key.guid, changed_at, bytes(raw), restaurant))
    return Page(records, rejects)


def single(body: bytes) -> bytes:
    """One object as a list of one; its bytes stay as they are."""
    return b"[" + body.strip() + b"]"


def _key_or_fault(raw: msgspec.Raw, keys: type[Keys] | type[PaymentKeys]) -> Keys | PaymentKeys | str:
    try:
        return msgspec.json.decode(raw, type=keys)
    except msgspec.DecodeError as error:
        return str(error)
