"""Toast: declarations and the joints between its readers, its login and its errors.

source.py    streams                         login.py     credentials and their token
orders.py    orders, none lost on the move   partners.py  who has connected, and with which code
payments.py  refunds and voids by date       errors.py    what a refusal means
reference.py menu, staff, settings, itself   webhooks.py  what Toast tells, and how it is believed
                                             README.md    Toast's quirks and how each is met

One connection is one restaurant: its GUID is the merchant's id and the only location's.
"""

from collections.abc import Iterator, Mapping, Sequence

import httpx
from pydantic_settings import BaseSettings

from pos_pipeline.errors import InvalidRequest, PipelineError
from pos_pipeline.provider import (
    Api,
    Budget,
    Claim,
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
from pos_pipeline.providers.toast import login, orders, partners, reference, source
from pos_pipeline.providers.toast.errors import explain
from pos_pipeline.providers.toast.settings import ToastSettings, toast
from pos_pipeline.providers.toast.webhooks import ToastWebhooks
from pos_pipeline.webhooks import Webhooks


class Toast:
    """See `provider.Provider`."""

    name = "toast"
    title = "Toast"
    streams: tuple[Stream, ...] = source.STREAMS
    scopes: tuple[str, ...] = tuple(dict.fromkeys(stream.scope for stream in source.STREAMS))
    max_window = orders.LONGEST
    settings_type: type[BaseSettings] = ToastSettings
    credentials: tuple[Credential, ...] = login.CREDENTIALS
    links_by_code = True
    webhooks: Webhooks | None = ToastWebhooks()
    rate_reset_header: str | None = "x-toast-ratelimit-reset"
    # Counted per client and restaurant in fixed slices (doc.toasttab.com/doc/devguide/apiRateLimiting.html, read
    # 2026-11-22): 20 a second and 10,000 in 15 minutes for everything, 5 a second for ordersBulk, 1 for menus.
    # `capacity + per_second x slice` stays within each.
    limits = (
        Budget(capacity=10, per_second=10.0),
        Budget(capacity=2, per_second=3.0, path_prefix=orders.PATH),
        Budget(capacity=1, per_second=0.5, path_prefix=reference.MENUS_PATH),
    )

    def base_url(self, settings: BaseSettings, attributes: Mapping[str, str]) -> str:  # noqa: ARG002 - one host for all
        """One host serves every restaurant."""
        return toast(settings).base_url

    def budgets(self, attributes: Mapping[str, str]) -> Sequence[Budget]:  # noqa: ARG002 - the same for all
        """Everything, orders in bulk, and the menu, which only live syncs read."""
        return self.limits

    def headers(self, settings: BaseSettings, attributes: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - the same for all
        """Which restaurant is meant; none for what concerns our integration as a whole."""
        restaurant = attributes.get(login.RESTAURANT)
        return {} if restaurant is None else {"Toast-Restaurant-External-ID": restaurant}

    def read(
        self, api: Api, source_: Source, stream: str, since: Position | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        """See `source`."""
        return source.read_stream(api, source_, stream, since, window)

    def locations(self, api: Api) -> Sequence[Location]:
        """The one restaurant that the door leads to."""
        return (reference.read_location(api, api.attributes[login.RESTAURANT]),)

    def explain(self, status: int, body: bytes) -> PipelineError:
        """See `errors`."""
        return explain(status, body)

    def authorize_url(self, settings: BaseSettings, state: str, redirect_uri: str) -> str:  # noqa: ARG002 - see the contract
        """Where the restaurant adds our integration; Toast sends nobody back from there.

        Toast Web ignores the code in the address, people type it in; the simulated one takes it from there.
        """
        return str(httpx.URL(toast(settings).web_url).copy_set_param("code", state))

    def exchange(self, settings: BaseSettings, answer: Mapping[str, str], redirect_uri: str) -> Grant:  # noqa: ARG002 - see the contract
        """Nobody comes back."""
        raise InvalidRequest("toast: restaurants are linked by a code; there is no answer to exchange.")

    def claims(self, settings: BaseSettings, api: Api) -> Sequence[Claim]:  # noqa: ARG002 - the same for all
        """See `partners`."""
        return partners.read_claims(api)

    def app_grant(self, settings: BaseSettings) -> Grant:
        """See `login`."""
        return login.app_grant(toast(settings))

    def refresh(self, settings: BaseSettings, grant: Grant) -> Grant:
        """See `login`."""
        return login.log_in(toast(settings), grant)

    def shared_token(self, settings: BaseSettings, grant: Grant) -> str | None:
        """See `login`."""
        return login.shared_token(toast(settings), grant)

    def revoke(self, settings: BaseSettings, grant: Grant) -> None:
        """Toast has no such call: the restaurant removes the integration, or its credentials, in Toast Web."""

    def from_credentials(self, settings: BaseSettings, typed: Mapping[str, str]) -> Sequence[Grant]:  # noqa: ARG002 - see the contract
        """See `login`."""
        return login.from_credentials(typed)

    def dashboard_url(self, settings: BaseSettings, merchant_id: str) -> str:  # noqa: ARG002 - the login decides
        """Sales in Toast Web; whoever is logged in there sees their restaurants."""
        return toast(settings).dashboard_url


PROVIDER: Provider = Toast()
