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
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

import msgspec
from pydantic_settings import BaseSettings

from pos_pipeline.errors import Misconfigured, PipelineError
from pos_pipeline.webhooks import Webhooks

Change = Literal["POST", "PUT", "DELETE"]
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
    day_closes_at: time | None = None
    """Local hour at which the shop's business day ends; None when the POS does not say."""


@dataclass(frozen=True)
class Grant:
    """What a merchant's consent gave us. `repr` never shows the tokens."""

    merchant_id: str
    access_token: str = field(repr=False)
    """Empty where tokens are shared (`Provider.shared_token`)."""
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    """UTC; None when the token does not expire."""
    scopes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What else the provider needs to reach this merchant, such as a host prefix. Never a secret."""


MERCHANT_NAME = "merchant_name"
"""The grant's attribute under which a provider leaves the business's name, if it knows one."""


@dataclass(frozen=True)
class Claim:
    """Somebody has entered a link code at the POS: proof that the merchant belongs to whoever we gave the code."""

    code: str
    grant: Grant


@dataclass(frozen=True)
class Invitation:
    """What we ask a merchant to do."""

    url: str
    """Page of the POS to open."""
    code: str | None = None
    """What to enter there, where the POS does not send the browser back."""


@dataclass(frozen=True)
class Credential:
    """One thing a merchant may type in instead of consenting."""

    name: str
    label: str
    """What it is and where the POS's own pages show it."""
    is_secret: bool = True


class Answer(NamedTuple):
    """An answer whose headers matter as well."""

    body: bytes
    headers: Mapping[str, str]
    """By lower-case name; repeated ones joined by `, `."""


class Api(Protocol):
    """One connection's authenticated door to its POS: retries, budget and refresh are behind it.

    Raises (every method):
        Unauthorised, MissingScope, CursorExpired, RateLimited, ProviderUnavailable,
        UnexpectedPayload: the provider's `explain` and the transport decide which.
    """

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the grant says of this merchant, for addresses that name it."""

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """Body of a GET, complete and JSON."""

    def answer(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """The same with its headers, where the next page's address is one of them."""

    def post(self, path: str, json: Mapping[str, Any]) -> bytes:
        """Body of a POST that only reads, complete and JSON."""

    def change(self, method: Change, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """Body of a request that changes something at the POS by a form, complete and JSON.

        It is repeated like any other: only for what may happen twice.
        """


@dataclass(frozen=True)
class Source:
    """What a provider reads from: one connection and its shops, inactive ones included."""

    connection_id: UUID
    merchant_id: str
    location_ids: tuple[str, ...]
    attributes: Mapping[str, str]
    switched_off: frozenset[str] = frozenset()
    """Shops whose sync somebody switched off: where one list holds all shops, these are left out of it."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The present of a live reading, UTC, for a POS that has to be told where a span ends."""


@dataclass(frozen=True)
class Budget:
    """Requests one connection may make: a bucket of `capacity` refilled at `per_second`.

    Where a POS counts fixed slices of time, `capacity + per_second x slice` stays within its number.
    """

    capacity: int
    per_second: float
    path_prefix: str = ""
    """Only for requests whose path begins so; they need a permit of every budget that fits."""


class Provider(Protocol):
    """One POS. Implementations hold no state between calls and are built by `load_providers`."""

    name: str
    """Lower case, one word: folder, schema suffix, CLI name."""
    title: str
    streams: tuple[Stream, ...]
    scopes: tuple[str, ...]
    """Everything a link asks consent for: the streams' scopes, what registering webhooks needs, and no more."""
    max_window: timedelta
    """Longest window one historical reading may span; longer ones are split."""
    settings_type: type[BaseSettings]
    credentials: tuple[Credential, ...]
    """What a merchant can type in to link without a consent page; empty where there is no such way."""
    links_by_code: bool
    """Whether a merchant enters our code at the POS instead of being sent back by it: `claims` tells who did."""
    webhooks: Webhooks | None
    """How its deliveries are understood; None for a POS that only answers when asked."""
    rate_reset_header: str | None
    """Header of a 429 without Retry-After that says, in epoch seconds, when to come back."""

    def budgets(self, attributes: Mapping[str, str]) -> Sequence[Budget]:
        """What this merchant's connection may ask for; the first one is for every path."""

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:
        """Scheme and host this merchant's API answers on; without attributes, where it shows whether the POS is up."""

    def headers(self, settings: BaseSettings, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Headers every request to this merchant's API carries besides `Authorization`."""

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
        """Where the merchant's browser goes to consent; where `links_by_code`, `state` is the code."""

    def exchange(self, settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
        """Tokens for the query the merchant's browser came back with. Never called where `links_by_code`.

        Raises:
            Unauthorised: the code is used, expired or not ours.
            UnexpectedPayload: the query lacks something.
        """

    def claims(self, settings: BaseSettings, api: Api) -> Sequence[Claim]:
        """Everyone who is connected to our app at the POS, with the code they entered. Only where `links_by_code`."""

    def app_grant(self, settings: BaseSettings) -> Grant:
        """What `claims` is read with: our app's own grant. Only where `links_by_code`.

        Raises:
            Misconfigured: the app is not set up.
        """

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """A fresh grant: from the refresh token, or by another login where tokens are shared.

        Raises:
            Unauthorised: the merchant revoked us, or the refresh token or the credentials are dead.
        """

    def shared_token(self, settings: BaseSettings, grant: Grant) -> str | None:
        """Name of the credentials whose one token serves this grant among others; None where each has its own.

        Only who knows the credentials' secret can form it: it is made from the secret's digest.
        """

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """Withdraw the whole authorization at the POS. Already withdrawn is success."""

    def from_credentials(self, settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """The grants behind what the merchant typed in, by the names of `credentials`; none is empty.

        Raises:
            Unauthorised: the POS does not accept it.
            InvalidRequest: a value has not the form it must have.
        """

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:
        """Where a person sees this merchant's sales in the POS's own web pages."""


class ConsentsByRedirect:
    """The usual case: the browser comes back with an answer, and every merchant has a token of its own."""

    links_by_code = False
    rate_reset_header: str | None = None
    webhooks: Webhooks | None = None

    def claims(self, settings: BaseSettings, api: Api) -> Sequence[Claim]:  # noqa: ARG002 - see the contract
        """Nobody enters codes."""
        return ()

    def app_grant(self, settings: BaseSettings) -> Grant:  # noqa: ARG002 - see the contract
        """There is none."""
        raise Misconfigured(f"{type(self).__name__}: merchants are not linked by codes.")

    def shared_token(self, settings: BaseSettings, grant: Grant) -> str | None:  # noqa: ARG002 - see the contract
        """There are none."""
        return None
