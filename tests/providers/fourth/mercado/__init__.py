"""Mercado, a POS that exists only in these tests: as little as a provider can be.

One list of sales with an amount each, one list of shops, one API key a merchant types in.
"""

# ruff: noqa: ARG002 - the contract tells more than so small a POS has to know

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from pydantic_settings import BaseSettings, SettingsConfigDict

from pos_pipeline.errors import Misconfigured, PipelineError, ProviderUnavailable, Unauthorised, UnexpectedPayload
from pos_pipeline.provider import (
    Api,
    Budget,
    ConsentsByRedirect,
    Credential,
    Grant,
    Location,
    Page,
    Position,
    Provider,
    Reading,
    Record,
    Source,
    Stream,
    Window,
)


class MercadoSettings(BaseSettings):
    """Where Mercado answers."""

    model_config = SettingsConfigDict(env_prefix="MERCADO_")

    base_url: str = "https://api.mercado.example"


class _Sale(msgspec.Struct):
    id: str
    shop: str
    changed_at: datetime


class Mercado(ConsentsByRedirect):
    """See `provider.Provider`."""

    name = "mercado"
    title = "Mercado"
    streams: tuple[Stream, ...] = (
        Stream("sales", "What was sold.", Reading.WINDOWED, scope="sales", counts_as_transactions=True),
    )
    scopes: tuple[str, ...] = ("sales",)
    max_window = timedelta(days=31)
    settings_type: type[BaseSettings] = MercadoSettings
    credentials: tuple[Credential, ...] = (Credential("key", "API key (Mercado, My shop, Keys)"),)

    def budgets(self, attributes: Mapping[str, str]) -> Sequence[Budget]:
        """Ten requests a second."""
        return (Budget(10, 10.0),)

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:
        """One host serves every merchant."""
        return str(settings.model_dump()["base_url"])

    def headers(self, settings: BaseSettings, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """None of its own."""
        return {}

    def read(
        self,
        api: Api,
        source: Source,
        stream: str,
        since: Position | None = None,
        window: Window | None = None,
    ) -> Iterator[Page]:
        """All sales that changed in the span, in one page."""
        asked = {"from": window.start, "to": window.end} if window else {"from": since}
        body = api.get("/sales", {name: moment.isoformat() for name, moment in asked.items()})
        records = []
        for payload in msgspec.json.decode(body, type=list[msgspec.Raw]):
            sale = msgspec.json.decode(payload, type=_Sale)
            records.append(Record(sale.id, sale.changed_at, bytes(payload), sale.shop))
        yield Page(records)

    def locations(self, api: Api) -> Sequence[Location]:
        """All shops."""
        return msgspec.json.decode(api.get("/shops"), type=list[Location])

    def explain(self, status: int, body: bytes) -> PipelineError:
        """By status alone."""
        if status in {401, 403}:
            return Unauthorised("mercado: the key is not accepted.")
        return ProviderUnavailable(f"mercado: answered {status}.")

    def from_credentials(self, settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """The key says who it is for: `<merchant>-<secret>`."""
        return (Grant(typed["key"].partition("-")[0], typed["key"], scopes=self.scopes),)

    def authorize_url(self, settings: BaseSettings, state: str, redirect_uri: str) -> str:
        """There is no consent page."""
        raise Misconfigured("mercado: link with the merchant's key.")

    def exchange(self, settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
        """Nobody comes back."""
        raise UnexpectedPayload("mercado: there is no consent to exchange.")

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """A refused key stays refused."""
        raise Unauthorised(f"mercado: the key of {grant.merchant_id} is not accepted.")

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """The merchant deletes the key."""

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:
        """Where a person looks."""
        return f"{self.base_url(settings, {})}/shop/{merchant_id}"


PROVIDER: Provider = Mercado()
