"""A POS that is linked by codes and whose credentials have one token, however many shops they reach."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import Misconfigured, MissingScope, PipelineError, ProviderUnavailable, Unauthorised
from pos_pipeline.provider import Api, Budget, Claim, Credential, Grant, Location, Stream

APP_SECRET = "app-canary-secret"


class CodedSettings(BaseSettings):
    """Nothing to set."""

    model_config = SettingsConfigDict(env_prefix="CODED_")


@dataclass
class CodedTill:
    """`connected` is what the POS lists; `closed` shops are not shown; `fault` is raised instead of an answer."""

    name: str = "coded"
    title: str = "Coded Till"
    streams: tuple[Stream, ...] = ()
    scopes: tuple[str, ...] = ("SALES",)
    credentials: tuple[Credential, ...] = (Credential("secret", "Secret"), Credential("shop", "Shop", is_secret=False))
    max_window: timedelta = timedelta(days=7)
    settings_type: type[BaseSettings] = CodedSettings
    links_by_code: bool = True
    rate_reset_header: str | None = None
    is_set_up: bool = True
    connected: list[Claim] = field(default_factory=list)
    closed: dict[str, PipelineError] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=lambda: {APP_SECRET, "own-canary-secret"})
    lifetime: timedelta = timedelta(days=1)
    gives_the_same_token: bool = False
    fault: PipelineError | None = None
    before_login: Callable[[], None] = lambda: None
    logins: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, code: str, shop: str) -> None:
        """What a merchant does at the POS: adds us to a shop, with a code."""
        self.connected.append(Claim(code, Grant(shop, "", attributes={"shop": shop, "merchant_name": "Pan y Sal"})))

    def claims(self, _settings: BaseSettings, _api: Api) -> Sequence[Claim]:
        """Who is connected."""
        if self.fault:
            raise self.fault
        return list(self.connected)

    def app_grant(self, _settings: BaseSettings) -> Grant:
        """Our own grant."""
        if not self.is_set_up:
            raise Misconfigured("coded: CODED_SECRET is not set.")
        return Grant("", "")

    def shared_token(self, _settings: BaseSettings, grant: Grant) -> str:
        """By the secret's length and sum, which will do for the few there are."""
        return f"coded:{sum(self._secret(grant).encode())}"

    def refresh(self, _settings: BaseSettings, grant: Grant) -> Grant:
        """A login."""
        self.before_login()
        with self._lock:
            self.logins.append(self._secret(grant))
            number = 1 if self.gives_the_same_token else len(self.logins)
        if self.fault:
            raise self.fault
        if self._secret(grant) not in self.secrets:
            raise Unauthorised("coded: the secret is not accepted.")
        return replace(grant, access_token=f"shared-{number}", expires_at=datetime.now(UTC) + self.lifetime)

    def from_credentials(self, _settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """A secret of the shop's own."""
        return (Grant(typed["shop"], "", typed["secret"], attributes={"shop": typed["shop"]}),)

    def locations(self, api: Api) -> Sequence[Location]:
        """The one shop behind the door."""
        shop = api.attributes["shop"]
        if shop in self.closed:
            raise self.closed[shop]
        return (Location(shop, f"Shop {shop}", "Europe/Madrid", "EUR"),)

    def authorize_url(self, _settings: BaseSettings, state: str, _redirect_uri: str) -> str:
        """The page on which the code is entered."""
        return f"https://till.example/add?code={state}"

    def revoke(self, _settings: BaseSettings, _grant: Grant) -> None:
        """There is nothing to tell the POS."""

    def budgets(self, _attributes: object) -> Sequence[Budget]:
        """More than any test needs."""
        return (Budget(1000, 1000),)

    def base_url(self, *_: object) -> str:
        """Nobody answers there; the till answers itself."""
        return "http://127.0.0.1:9"

    def headers(self, *_: object) -> dict[str, str]:
        """No headers."""
        return {}

    def explain(self, status: int, _body: bytes) -> PipelineError:
        """Never asked."""
        return ProviderUnavailable(f"coded: answered {status}")

    def _secret(self, grant: Grant) -> str:
        return grant.refresh_token or APP_SECRET


NOT_YET = MissingScope("coded: answered 403.", "")
"""What a shop answers that is listed already and not yet open."""
