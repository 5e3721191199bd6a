"""What a process needs to work, built once and passed down.

The CLI and the Dagster definitions call `open_services`; everything below receives the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic_settings import BaseSettings

from pos_pipeline.accounts.vault import Vault, open_vault
from pos_pipeline.provider import Provider
from pos_pipeline.providers import load_providers
from pos_pipeline.settings import Settings, load_settings
from pos_pipeline.warehouse.database import Database
from pos_pipeline.warehouse.embedded import warehouse_url


@dataclass(frozen=True)
class Services:
    """Settings, warehouse, providers and vault of this process."""

    settings: Settings
    database: Database
    providers: Mapping[str, Provider]
    vault: Vault
    _read_settings: dict[type[BaseSettings], BaseSettings] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def settings_of(self, provider: Provider) -> BaseSettings:
        """The provider's settings, read from the environment once.

        Raises:
            Misconfigured: a variable does not parse.
        """
        kind = provider.settings_type
        if kind not in self._read_settings:
            self._read_settings[kind] = load_settings(kind)
        return self._read_settings[kind]

    def close(self) -> None:
        """Give back connections. The embedded server keeps running for other processes."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_services(settings: Settings | None = None) -> Services:
    """Services of this process; starts the embedded server when no `DATABASE_URL` is set.

    Raises:
        Misconfigured: a setting does not parse.
        WarehouseUnavailable: the embedded server does not start.
    """
    settings = settings or load_settings(Settings)
    return Services(
        settings=settings,
        database=Database(warehouse_url(settings)),
        providers=load_providers(),
        vault=open_vault(settings),
    )
