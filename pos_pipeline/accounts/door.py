"""Opens a connection's API: its token, its share of the rate, its provider's protocol."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from pydantic_settings import BaseSettings

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.accounts.credentials import tokens_of
from pos_pipeline.errors import NotFound
from pos_pipeline.http import Caller, HttpApi, RetryPolicy
from pos_pipeline.http.budget import Budgets
from pos_pipeline.provider import Provider
from pos_pipeline.settings import load_settings

if TYPE_CHECKING:
    from pos_pipeline.services import Services


@contextmanager
def open_api(
    services: "Services",
    connection: Connection,
    *,
    background: bool = False,
    client: httpx.Client | None = None,
    policy: RetryPolicy | None = None,
) -> Iterator[HttpApi]:
    """The door to one connection's POS. Nothing is sent before the first call.

    Args:
        services: Of this process.
        connection: Whose token and budget are used.
        background: Whether to yield to callers that are not (history imports).
        client: Instead of the process's shared one.
        policy: How often and how long to try; the default gives up after two minutes.

    Raises:
        Misconfigured: a setting of the provider is wrong.
        NotFound: this installation has no such provider.
    """
    provider = provider_named(services, connection.provider)
    yield HttpApi(
        caller_of(
            provider, connection.attributes, settings=services.settings_of(provider), client=client, policy=policy
        ),
        tokens_of(services, provider, connection.id),
        Budgets(
            services.database,
            f"{provider.name}:{connection.id}",
            provider.budgets(connection.attributes),
            background=background,
        ),
        connection.attributes,
    )


def caller_of(
    provider: Provider,
    attributes: Mapping[str, str] | None = None,
    *,
    settings: BaseSettings | None = None,
    client: httpx.Client | None = None,
    policy: RetryPolicy | None = None,
) -> Caller:
    """Requests in a provider's protocol, set up from its settings (the environment's when not given)."""
    settings = settings or load_settings(provider.settings_type)
    return Caller(
        provider.name,
        provider.base_url(settings, attributes or {}),
        provider.headers(settings, attributes or {}),
        provider.explain,
        client=client,
        policy=policy,
        reset_header=provider.rate_reset_header,
    )


def provider_named(services: "Services", name: str) -> Provider:
    """The provider called `name`.

    Raises:
        NotFound: this installation has none of that name.
    """
    if name not in services.providers:
        raise NotFound(f"provider: there is no {name!r}; there are {', '.join(services.providers)}.")
    return services.providers[name]
