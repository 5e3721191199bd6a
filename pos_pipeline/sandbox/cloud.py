"""What every simulated provider cloud offers the sandbox around it.

A provider is a folder beside this file whose package exports `CLOUD`, a `CloudKind`.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from starlette.types import ASGIApp

from pos_pipeline.sandbox.faults import FaultInjector
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.shop.ledger import DayTotals
from pos_pipeline.sandbox.shop.merchant import Merchant
from pos_pipeline.sandbox.shop.records import Sale
from pos_pipeline.sandbox.shop.world import World


class CloudOptions(Struct, frozen=True):
    """How the clouds behave; the defaults are the providers' own habits."""

    cursor_ttl_seconds: float = 300.0
    short_pages: bool = True
    """Full pages sometimes hold fewer rows than asked for."""
    webhook_minute_seconds: float = 60.0
    """How long a minute of the retry schedule lasts."""
    webhook_duplicate_share: float = 0.05
    webhook_disorder_share: float = 0.1
    body_cache_bytes: int = 512 * 1024 * 1024
    """Rendered JSON kept in memory per cloud."""
    refuse_long_windows: bool = True
    """Toast answers 400 to a window of orders longer than a month."""
    config_page_rows: int = 300
    """Rows of a page of Toast's settings."""
    rate_limits: bool = True
    """Whether clouds whose limits are documented count requests and answer 429 beyond them."""
    limit_window_seconds: float = 300.0
    """Length of Lightspeed's fixed windows."""
    search_page_rows: int = 1000
    """What Lightspeed's search silently clamps a larger page to."""


class Surroundings(Struct, frozen=True):
    """What a cloud is built from. Whoever reads or changes the world holds `lock`."""

    world: World
    lock: threading.RLock
    home: Home
    options: CloudOptions

    def merchants_at(self, name: str) -> dict[str, Merchant]:
        """Those who have their tills at this provider, by key."""
        return {
            key: merchant
            for key, merchant in self.world.merchants.items()
            if not merchant.spec.tills or name in merchant.spec.tills
        }


class Cloud(Protocol):
    """One provider's simulated cloud over the world's merchants."""

    app: ASGIApp
    """Mounted under `/<name>`."""
    merchants: Mapping[str, Merchant]
    """The provider's own merchants, by the shop's key."""
    faults: FaultInjector
    requests: Counter[str]
    """Requests by `METHOD /path/{template}` since the last reset."""

    def absorb(self, sales: Sequence[Sale]) -> None:
        """Take over what changed at the provider's merchants, and that time has passed; webhooks go out from here."""

    def merchant_id(self, merchant_key: str) -> str:
        """The provider's id of a merchant."""

    def find_merchant(self, merchant_id: str) -> str | None:
        """The key of the merchant with this id of the provider, in any form a connection may know it by."""

    def day_totals(self, merchant_key: str) -> list[DayTotals]:
        """The merchant's ledger by the business day and the notion of a discount this provider has."""

    def location_id(self, merchant_key: str, location_key: str) -> str:
        """The provider's id of a location."""

    def credentials(self, merchant_key: str) -> dict[str, Any]:
        """What a test needs to get in without consent, under the provider's own names."""

    def revoke(self, merchant_key: str) -> None:
        """The merchant withdraws every authorization."""

    def expire_cursors(self) -> None:
        """Every page cursor handed out so far is dead from now on."""

    def close(self) -> None:
        """Stop background work."""


class CloudKind(Protocol):
    """Makes a cloud; a class of the provider's package."""

    name: str
    app_settings: Mapping[str, str]
    """Variables that lead a client here and make it the app this cloud knows.

    `{base_url}` in a value is the cloud's address; other braces stay. `<NAME>_BASE_URL` is that address
    when not named.
    """

    def __call__(self, surroundings: Surroundings) -> Cloud:
        """The cloud over this world."""


def discover_clouds() -> list[CloudKind]:
    """The clouds of all provider folders, by name."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__init__.py"))
    modules = [import_module(f"pos_pipeline.sandbox.{name}") for name in folders]
    return [module.CLOUD for module in modules if hasattr(module, "CLOUD")]
