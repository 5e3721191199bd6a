"""The contract every POS fills in: read this page first when you add one.

A provider is mostly declarations. It says which streams it has, how each is read and what
scope it needs; it turns pages of its own protocol into `Record`s; and it knows its OAuth. What
it does *not* know: dlt, Postgres, Dagster, tenants' rules, retries, budgets or locks. Those
belong to the core, once for all providers.

    Provider.streams ──▶ raw_<provider>.<stream> tables, Dagster assets, CLI names
    Provider.read()  ──▶ Page(records, rejects) ──▶ extract.py ──▶ raw tables
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import PipelineError

Position = datetime | int
"""How far a stream has been read: the greatest `version_at` (UTC) or `version_no` seen in committed rows."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One object exactly as the POS gave it. `payload` is its JSON text, byte for byte."""

    id: str
    version_at: datetime
    payload: bytes
    location_id: str = ""
    """Empty when the object belongs to the whole merchant."""
    version_no: int | None = None


class Reject(msgspec.Struct, frozen=True):
    """An object that has no usable key; it is kept in quarantine and the sync goes on."""

    reason: str
    payload: bytes
    id: str | None = None


class Page(msgspec.Struct, frozen=True):
    """What one request brought. An empty page is not the end of a stream; the iterator's end is."""

    records: Sequence[Record]
    rejects: Sequence[Reject] = ()
    product_ids: Sequence[str] = ()
    """Sellable products met on this page, by which new ones are noticed."""
    position: Position | None = None
    """Set when the POS itself says how far this page reaches; else the greatest version counts."""


class Reading(enum.Enum):
    """How a stream can be read."""

    WINDOWED = "windowed"
    """By change time, with an end: live syncs, historical windows and sweeps. Holds the sales."""
    FEED = "feed"
    """Everything once, then what changed since the position."""
    SNAPSHOT = "snapshot"
    """Always whole; stored only when its content differs from the last one stored."""


@dataclass(frozen=True)
class Stream:
    """One raw table of a provider and how it is read."""

    name: str
    """Plural noun; the raw table is `raw_<provider>.<name>`."""
    description: str
    """One sentence for the Dagster UI and the data dictionary."""
    reading: Reading
    scope: str
    """The grant this stream needs, in the provider's words; named when it is missing."""
    overlap: timedelta | int = timedelta(minutes=10)
    """How far behind the position every sync reads again, against late visibility."""
    refresh_after: timedelta = timedelta(0)
    """A live sync skips the stream until this much time has passed since its last reading."""
    counts_as_transactions: bool = False
    """Whether its rows are what a sync log calls transactions (exactly one notion per sale)."""
    describes_locations: bool = False
    """Whether a change in it means that shops appeared or were renamed."""


@dataclass(frozen=True)
class Window:
    """A closed-open interval of change time, UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ}..{self.end:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Location:
    """One shop of a merchant as the POS describes it."""

    location_id: str
    name: str
    timezone: str
    currency: str
    is_active: bool = True


@dataclass(frozen=True)
class Grant:
    """What a merchant's consent gave us. `repr` never shows the tokens."""

    merchant_id: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    """UTC; None when the token does not expire."""
    scopes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What else the provider needs to reach this merchant, such as a host prefix. Never a secret."""


class Api(Protocol):
    """One connection's authenticated door to its POS: retries, budget and refresh are behind it.

    Raises (both methods):
        Unauthorised, MissingScope, CursorExpired, RateLimited, ProviderUnavailable,
        UnexpectedPayload: the provider's `explain` and the transport decide which.
    """

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """Body of a GET, complete and JSON."""

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """Body of a POST that only reads, complete and JSON."""


@dataclass(frozen=True)
class Source:
    """What a provider reads from: one connection and its shops, inactive ones included."""

    connection_id: UUID
    merchant_id: str
    location_ids: tuple[str, ...]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Budget:
    """Requests one credential may make: a bucket of `capacity` refilled at `per_second`."""

    capacity: int
    per_second: float


class Provider(Protocol):
    """One POS. Implementations hold no state between calls and are built by `load_providers`."""

    name: str
    """Lower case, one word: folder, schema suffix, CLI name."""
    title: str
    streams: tuple[Stream, ...]
    scopes: tuple[str, ...]
    """Everything a link asks consent for; the union of the streams' scopes and no more."""
    budget: Budget
    max_window: timedelta
    """Longest window one historical reading may span; longer ones are split."""
    settings_type: type[BaseSettings]

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:
        """Scheme and host this merchant's API answers on."""

    def headers(self, settings: BaseSettings) -> Mapping[str, str]:
        """Headers every request carries besides `Authorization`."""

    def read(
        self, api: Api, source: Source, stream: str, since: Position | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        """Pages of `stream`, oldest change first where the POS can sort.

        `since` (already moved back by the overlap) for a live reading, `window` for a historical
        one, neither for a first reading of a feed or for a snapshot.
        """

    def locations(self, api: Api) -> Sequence[Location]:
        """All shops of the merchant, inactive ones included."""

    def explain(self, status: int, body: bytes) -> PipelineError:
        """The error a non-2xx answer means, without any of the body's personal data."""

    def authorize_url(self, settings: BaseSettings, state: str, redirect_uri: str) -> str:
        """Where the merchant's browser goes to consent."""

    def exchange(self, settings: BaseSettings, code: str, redirect_uri: str) -> Grant:
        """Tokens for a consent code.

        Raises:
            Unauthorised: the code is used, expired or not ours.
        """

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """A fresh grant from the refresh token.

        Raises:
            Unauthorised: the merchant revoked us or the refresh token is dead.
        """

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """Withdraw the whole authorization at the POS. Already withdrawn is success."""

    def from_token(self, settings: BaseSettings, token: str) -> Grant:
        """The grant behind a token the merchant typed in (a personal access token).

        Raises:
            Unauthorised: the POS does not accept it.
        """

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:
        """Where a person sees this merchant's sales in the POS's own web pages."""
