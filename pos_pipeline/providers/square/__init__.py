"""Square: declarations and the joints between its reader, its OAuth and its errors.

source.py   streams and how they are read      oauth.py   consent, refresh, revocation
errors.py   what a refusal means               README.md  Square's quirks and how each is met
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from pydantic_settings import BaseSettings

from pos_pipeline.errors import PipelineError
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
    Source,
    Stream,
    Window,
)
from pos_pipeline.providers.square import oauth, source
from pos_pipeline.providers.square.errors import explain
from pos_pipeline.providers.square.settings import SquareSettings, square
from pos_pipeline.providers.square.webhooks import SquareWebhooks
from pos_pipeline.webhooks import Webhooks


class Square(ConsentsByRedirect):
    """See `provider.Provider`."""

    name = "square"
    title = "Square"
    streams: tuple[Stream, ...] = source.STREAMS
    scopes: tuple[str, ...] = tuple(dict.fromkeys(stream.scope for stream in source.STREAMS))
    # Square publishes no numbers and answers 429 when it has enough, which stops every process at once
    # (developer.squareup.com/docs/build-basics/general-considerations/handling-errors, read 2026-11-22).
    budget = Budget(capacity=200, per_second=50.0)
    max_window = timedelta(days=31)
    settings_type: type[BaseSettings] = SquareSettings
    webhooks: Webhooks | None = SquareWebhooks()
    credentials: tuple[Credential, ...] = (
        Credential("access_token", "Personal access token (developer.squareup.com/apps, Credentials)"),
    )

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:  # noqa: ARG002 - one host for all
        """One host serves every merchant."""
        return square(settings).base_url

    def budgets(self, attributes: Mapping[str, str]) -> Sequence[Budget]:  # noqa: ARG002 - the same for all
        """One for everything."""
        return (self.budget,)

    def headers(self, settings: BaseSettings, attributes: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - the same for all
        """Without `Square-Version` payloads would change from the developer dashboard."""
        return {"Square-Version": square(settings).api_version}

    def read(
        self, api: Api, source_: Source, stream: str, since: Position | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        """See `source`."""
        return source.read_stream(api, source_, stream, since, window)

    def locations(self, api: Api) -> Sequence[Location]:
        """See `source`."""
        return source.read_locations(api)

    def explain(self, status: int, body: bytes) -> PipelineError:
        """See `errors`."""
        return explain(status, body)

    def authorize_url(self, settings: BaseSettings, state: str, redirect_uri: str) -> str:
        """See `oauth`."""
        return oauth.authorize_url(square(settings), self.scopes, state, redirect_uri)

    def exchange(self, settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
        """See `oauth`."""
        return oauth.exchange(square(settings), answer.get("code", ""), redirect_uri)

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """See `oauth`."""
        return oauth.refresh(square(settings), grant)

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """See `oauth`."""
        oauth.revoke(square(settings), grant)

    def from_credentials(self, settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """See `oauth`."""
        return (oauth.from_token(square(settings), typed["access_token"]),)

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:  # noqa: ARG002 - the login decides
        """Sales in Square's own pages; whoever is logged in there sees their shops."""
        return square(settings).dashboard_url


PROVIDER: Provider = Square()
