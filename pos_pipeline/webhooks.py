"""The contract for a POS that tells us what happens: how its deliveries are believed and understood.

A delivery is a hint. What it says is never taken for the truth: it makes a sync of the merchant due, which
reads the objects themselves. So duplicates, disorder and payloads of another shape change nothing.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from pos_pipeline.provider import Api


@dataclass(frozen=True)
class Delivery:
    """A request as it came. `repr` shows none of it: the body may hold a customer's name."""

    url: str = field(repr=False)
    """The address we gave the POS, whatever a proxy made of it on the way."""
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name; repeated ones joined by `, `, which no signature has in it."""
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class WebhookEvent:
    """What one delivery announces about one merchant."""

    event_id: str
    """The same for every attempt at delivering it."""
    event_type: str
    """In the POS's words."""
    merchant_id: str
    streams: tuple[str, ...] = ()
    """What to read because of it; empty when it is of no interest."""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    """Ids and times worth keeping beside it; never a person's data."""
    is_departure: bool = False
    """The merchant has withdrawn our authorization."""
    happened_at: datetime | None = None
    """When, by the POS's clock: a departure from before a grant was renewed, told late, does not end it."""
    spares: str = ""
    """Attribute of connections that a departure does not concern, since their grant is of another kind."""
    is_arrival: bool = False
    """Merchants have entered link codes, or have left: the POS's list of them is to be looked at."""


@dataclass(frozen=True)
class Subscription:
    """A registration at the POS. `repr` never shows the key."""

    subscription_id: str
    url: str
    signature_key: str | None = field(default=None, repr=False)
    """None where deliveries are signed with something the settings hold."""


class Webhooks(Protocol):
    """What a provider knows of its POS's deliveries. Holds no state."""

    is_registered_by_api: bool
    """Whether `subscribe` works; else a person sets it up at the POS, as the provider's README says."""

    def keys(self, settings: BaseSettings) -> Sequence[str]:
        """Keys of the settings that deliveries may be signed with."""

    def open(self, delivery: Delivery, keys: Sequence[str]) -> Sequence[WebhookEvent]:
        """What a delivery announces.

        Raises:
            SignatureInvalid: no key signed these bytes, or there is no signature.
            UnexpectedPayload: it is signed, and not what the POS documents.
        """

    def subscribe(self, settings: BaseSettings, api: "Api", url: str, former: str = "") -> Subscription:
        """Have the POS deliver to `url`; what is there already is kept, and what led to `former` is moved.

        Raises:
            Misconfigured: a setting that this needs is missing.
            InvalidRequest: the POS has no API for it; says what to do by hand.
        """

    def address(self, url: str, merchant_id: str) -> str:
        """The address to give the POS for a merchant, made from the route's own `url`."""


def from_base64(text: str) -> bytes:
    """What a header holds in base64; nothing if it is not base64, and nothing is no signature."""
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""


def mac_matches(key: str, message: bytes, given: bytes) -> bool:
    """Whether `given` is the HMAC-SHA256 of `message`, in a time that tells nothing."""
    return hmac.compare_digest(hmac.new(key.encode(), message, hashlib.sha256).digest(), given)
