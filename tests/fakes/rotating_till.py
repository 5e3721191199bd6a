"""A POS whose refresh tokens are single use, as the strictest are: two refreshes of one token kill the grant."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import PipelineError, ProviderUnavailable, Unauthorised
from pos_pipeline.provider import Budget, ConsentsByRedirect, Credential, Grant, Location, Stream

CENTRE = Location("L1", "Centro", "Europe/Madrid", "EUR")
HARBOUR = Location("L2", "Puerto", "Europe/Madrid", "EUR", is_active=False)
REDIRECT = "https://pos.example/callback"


def state_of(url: str) -> str:
    """The state in an authorize URL."""
    return parse_qs(urlsplit(url).query)["state"][0]


class RotatingSettings(BaseSettings):
    """Nothing to set."""

    model_config = SettingsConfigDict(env_prefix="ROTATING_")


@dataclass
class RotatingTill(ConsentsByRedirect):
    """Keeps one grant a merchant; `fault` is raised instead of an answer."""

    name: str = "rotating"
    title: str = "Rotating Till"
    streams: tuple[Stream, ...] = ()
    scopes: tuple[str, ...] = ("SALES",)
    credentials: tuple[Credential, ...] = (Credential("token", "Personal token"),)
    max_window: timedelta = timedelta(days=7)
    settings_type: type[BaseSettings] = RotatingSettings
    shops: Sequence[Location] = (CENTRE, HARBOUR)
    lifetime: timedelta = timedelta(days=1)
    fault: PipelineError | None = None
    before_refresh: Callable[[], None] = lambda: None
    refreshes: int = 0
    revoked: list[str] = field(default_factory=list)
    live: dict[str, Grant] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, merchant_id: str = "M1") -> Grant:
        """A first grant."""
        number = self.refreshes
        self.live[merchant_id] = Grant(
            merchant_id,
            f"access-{merchant_id}-{number}",
            f"refresh-{merchant_id}-{number}",
            datetime.now(UTC) + self.lifetime,
            self.scopes,
            {"merchant_name": "Pan y Sal"},
        )
        return self.live[merchant_id]

    def refresh(self, _settings: BaseSettings, grant: Grant) -> Grant:
        """A new pair; the old refresh token is dead from here on."""
        self.before_refresh()
        with self._lock:
            if self.fault:
                raise self.fault
            if (
                self.live.get(grant.merchant_id) is None
                or grant.refresh_token != self.live[grant.merchant_id].refresh_token
            ):
                raise Unauthorised("rotating: the refresh token is dead")
            self.refreshes += 1
            return self.issue(grant.merchant_id)

    def authorize_url(self, _settings: BaseSettings, state: str, redirect_uri: str) -> str:
        """Where a merchant would consent."""
        return f"https://till.example/consent?{urlencode({'state': state, 'redirect_uri': redirect_uri})}"

    def budgets(self, _attributes: object) -> Sequence[Budget]:
        """More than any test needs."""
        return (Budget(1000, 1000),)

    def exchange(self, _settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
        """The code is the merchant's id; the redirect address has to be the one of the consent."""
        code = answer["code"]
        if redirect_uri != REDIRECT or code == "used":
            raise Unauthorised("rotating: the code is not accepted")
        return self.issue(code)

    def from_credentials(self, _settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """A personal token is `personal-<merchant>`; it cannot be refreshed."""
        token = typed["token"]
        if not token.startswith("personal-"):
            raise Unauthorised("rotating: the token is not accepted")
        merchant_id = token.removeprefix("personal-")
        return (replace(self.issue(merchant_id), access_token=token, refresh_token=None, expires_at=None),)

    def revoke(self, _settings: BaseSettings, grant: Grant) -> None:
        """Withdraw the merchant's grant."""
        if self.fault:
            raise self.fault
        self.revoked.append(grant.merchant_id)
        self.live.pop(grant.merchant_id, None)

    def locations(self, _api: object) -> Sequence[Location]:
        """The shops as they are now."""
        if self.fault:
            raise self.fault
        return self.shops

    def base_url(self, *_: object) -> str:
        """Nobody answers there; the till answers itself."""
        return "http://127.0.0.1:9"

    def headers(self, *_: object) -> dict[str, str]:
        """No headers."""
        return {}

    def explain(self, status: int, _body: bytes) -> PipelineError:
        """401 is a dead token, all else an outage."""
        kind = Unauthorised if status == 401 else ProviderUnavailable
        return kind(f"rotating: answered {status}")
