"""Lightspeed Retail (X-Series): declarations and the joints between its reader, its OAuth and its errors.

source.py     streams and how they are read      oauth.py     consent and refresh
lists.py      lists by version                   settings.py  the app, and the address of a shop
beginning.py  the version a first sync begins after            errors.py    what a refusal means
search.py     windows of history                 reference.py what is read whole, and the shops
pages.py      pages cut into records             webhooks.py  what Lightspeed tells, and how it is believed
                                                 README.md    quirks and how each is met
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
from pos_pipeline.providers.lightspeed import oauth, reference, source
from pos_pipeline.providers.lightspeed.errors import explain
from pos_pipeline.providers.lightspeed.settings import DOMAIN_PREFIX, LightspeedSettings, lightspeed, prefix_in
from pos_pipeline.providers.lightspeed.webhooks import SCOPE, LightspeedWebhooks
from pos_pipeline.webhooks import Webhooks


class Lightspeed(ConsentsByRedirect):
    """See `provider.Provider`."""

    name = "lightspeed"
    title = "Lightspeed Retail"
    streams: tuple[Stream, ...] = source.STREAMS
    scopes: tuple[str, ...] = (*dict.fromkeys(stream.scope for stream in source.STREAMS), SCOPE)
    max_window = timedelta(days=7)
    settings_type: type[BaseSettings] = LightspeedSettings
    webhooks: Webhooks | None = LightspeedWebhooks()
    rate_reset_header: str | None = oauth.RATE_RESET
    credentials: tuple[Credential, ...] = (
        Credential(
            DOMAIN_PREFIX,
            "Domain prefix: the first part of the shop's address, https://<domain prefix>.retail.lightspeed.app",
            is_secret=False,
        ),
        Credential("access_token", "Personal token (Setup, Personal tokens; on plans that have them)"),
    )

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:
        """Every merchant has a host of its own; for nobody in particular it is the one where merchants consent."""
        app = lightspeed(settings)
        return app.base_url_of(prefix_in(attributes)) if attributes else app.connect_url

    def budgets(self, attributes: Mapping[str, str]) -> Sequence[Budget]:
        """Within 300 requests for each register and 50 more in any five minutes.

        Half of it may go at once, so that a first sync need not wait; 30 are left for linking and for people.
        """
        told = attributes.get(oauth.REGISTERS, "")
        registers = max(1, int(told)) if told.isdecimal() else 1
        return (Budget(capacity=150 * registers + 20, per_second=registers / 2),)

    def headers(self, settings: BaseSettings, attributes: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - none
        """None of its own: the version is in the path."""
        return {}

    def read(
        self, api: Api, source_: Source, stream: str, since: Position | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        """See `source`."""
        return source.read_stream(api, source_, stream, since, window)

    def locations(self, api: Api) -> Sequence[Location]:
        """See `reference`."""
        return reference.read_locations(api)

    def explain(self, status: int, body: bytes) -> PipelineError:
        """See `errors`."""
        return explain(status, body)

    def authorize_url(self, settings: BaseSettings, state: str, redirect_uri: str) -> str:
        """See `oauth`."""
        return oauth.authorize_url(lightspeed(settings), self.scopes, state, redirect_uri)

    def exchange(self, settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:
        """See `oauth`."""
        return oauth.exchange(lightspeed(settings), answer, redirect_uri)

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """See `oauth`."""
        return oauth.refresh(lightspeed(settings), grant)

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """Nothing can be called; the merchant removes the app in the shop's own pages (README.md)."""

    def from_credentials(self, settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:
        """See `oauth`."""
        return (oauth.from_token(lightspeed(settings), typed[DOMAIN_PREFIX], typed["access_token"]),)

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:
        """The shop's own pages, for whoever may log in there."""
        return lightspeed(settings).dashboard_url_of(merchant_id)


PROVIDER: Provider = Lightspeed()
