"""One sandbox: a world, the clouds over it, and the hand that moves both.

Everything here may be called from any thread while the clouds are being served.
"""

import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.sandbox.cloud import Cloud, CloudOptions, Surroundings, discover_clouds
from pos_pipeline.sandbox.faults import Faults
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.shop.clock import HOUR, SECOND, Instant, datetime_of
from pos_pipeline.sandbox.shop.merchants import MerchantSpec
from pos_pipeline.sandbox.shop.ringing import SECONDS_PER_SALE
from pos_pipeline.sandbox.shop.world import Action, World, WorldOptions

_SECTION = "world"


class Wishes(Struct, frozen=True):
    """What is asked of a world. None takes what the home remembers, else the default."""

    anchor: Instant | None = None
    """End of the history. A world begun without one ends its history now and keeps up with the real clock."""
    seed: int | None = None
    days: int | None = None
    sales_per_day: float | None = None
    merchants: tuple[MerchantSpec, ...] | None = None


class SavedWorld(Struct):
    """What the world is rebuilt from."""

    options: WorldOptions
    is_live: bool
    actions: list[Action] = []


def real_now() -> Instant:
    """The machine's clock."""
    return time.time_ns() // 1000


class Sandbox:
    """A world and its clouds. A home that already holds a world continues it.

    Raises:
        InvalidRequest: the home holds a world that was made differently from what is wished.
        Misconfigured: the home's file is not readable.
    """

    def __init__(
        self, wishes: Wishes, *, folder: Path | None = None, cloud_options: CloudOptions | None = None
    ) -> None:
        self._home = Home(folder)
        saved = self._home.load(_SECTION, SavedWorld)
        wanted = {name: value for name in Wishes.__struct_fields__ if (value := getattr(wishes, name)) is not None}
        if saved is None:
            saved = SavedWorld(WorldOptions(**{"anchor": real_now(), **wanted}), wishes.anchor is None)
            self._home.save(_SECTION, saved)
        differing = [name for name, value in wanted.items() if getattr(saved.options, name) != value]
        if differing:
            raise InvalidRequest(
                f"{folder} holds a sandbox with another {', '.join(differing)}; use another home or remove it"
            )
        self._saved = saved
        self.world = World(saved.options, saved.actions)
        self.lock = threading.RLock()
        surroundings = Surroundings(self.world, self.lock, self._home, cloud_options or CloudOptions())
        self.clouds: dict[str, Cloud] = {kind.name: kind(surroundings) for kind in discover_clouds()}
        self.address = ""
        """Scheme, host and port once served."""

    def base_url(self, provider: str = "square") -> str:
        """Where a provider's API answers."""
        self._cloud(provider)
        return f"{self.address}/{provider}"

    def advance(
        self, *, hours: float | None = None, sales: int | None = None, merchant_id: str | None = None
    ) -> dict[str, Any]:
        """Let time pass, or ring up exactly so many sales, of one merchant if named.

        The result says what the world's time is now and how many sales are new or changed.

        Raises:
            InvalidRequest: not exactly one of hours and sales, or a merchant with hours.
            NotFound: no such merchant.
        """
        if (hours is None) == (sales is None) or (hours is not None and merchant_id is not None):
            raise InvalidRequest("send hours, or sales with an optional merchant_id")
        if (hours or sales or 0) <= 0:
            raise InvalidRequest("hours and sales must be positive")
        with self.lock:
            merchant_key = None if merchant_id is None else self.merchant_key(merchant_id)
            start = max(self.world.now, real_now()) if self._saved.is_live else self.world.now
            if sales is None:
                action = Action(until=start + int((hours or 0) * HOUR))
            else:
                pause = 0 if start > self.world.now else (sales + 1) * SECONDS_PER_SALE * SECOND
                action = Action(until=start + pause, sales=sales, merchant_key=merchant_key)
            changed = self.world.take(action)
            self._saved.actions.append(action)
            self._home.save(_SECTION, self._saved)
            for cloud in self.clouds.values():
                cloud.absorb([sale for sale in changed if sale.merchant_key in cloud.merchants])
            return {"now": datetime_of(self.world.now).isoformat(), "changed_sales": len(changed)}

    def truth(self, merchant_id: str | None = None, provider: str = "square") -> list[dict[str, Any]]:
        """The ledger by merchant, location and business day, under the provider's ids.

        Raises:
            NotFound: no such provider, or it has no such merchant.
        """
        with self.lock:
            cloud = self._cloud(provider)
            key = None if merchant_id is None else self.merchant_key(merchant_id)
            if key is not None and key not in cloud.merchants:
                raise NotFound(f"merchant {merchant_id} has no till at {provider}")
            keys = list(cloud.merchants) if key is None else [key]
            return [
                {
                    "merchant_id": cloud.merchant_id(key),
                    "location_id": cloud.location_id(key, totals.location_key),
                    **{name: value for name, value in msgspec.to_builtins(totals).items() if name != "location_key"},
                }
                for key in keys
                for totals in cloud.day_totals(key)
            ]

    def merchants(self, provider: str | None = None) -> list[dict[str, Any]]:
        """Every merchant as each provider, or the one named, knows it, with a way in that needs no consent.

        Raises:
            NotFound: no such provider.
        """
        with self.lock:
            clouds = self.clouds if provider is None else {provider: self._cloud(provider)}
            return [
                {
                    "provider": name,
                    "key": key,
                    "id": cloud.merchant_id(key),
                    "name": merchant.spec.name,
                    "owner": merchant.spec.owner or merchant.spec.name,
                    "locations": [
                        {
                            "id": cloud.location_id(key, location.key),
                            "name": location.name,
                            "timezone": location.timezone,
                            "is_active": merchant.is_active(location, self.world.now),
                        }
                        for location in merchant.spec.locations
                    ],
                    **cloud.credentials(key),
                }
                for name, cloud in clouds.items()
                for key, merchant in cloud.merchants.items()
            ]

    def faults(self, **switches: Any) -> None:
        """Put fault switches in force on every cloud; without any, all faults are off.

        Raises:
            InvalidRequest: an unknown switch or a value of the wrong kind.
        """
        try:
            wanted = msgspec.convert(switches, Faults)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"faults: {error}") from None
        with self.lock:
            for cloud in self.clouds.values():
                cloud.faults.set(wanted)
                if wanted.expire_cursors is True:
                    cloud.expire_cursors()

    def revoke(self, merchant_id: str) -> None:
        """The merchant withdraws every authorization, its personal token included."""
        with self.lock:
            key = self.merchant_key(merchant_id)
            for cloud in self.clouds.values():
                if key in cloud.merchants:
                    cloud.revoke(key)

    def requests(self, *, reset: bool = False) -> dict[str, dict[str, int]]:
        """Requests by cloud and endpoint since the last reset."""
        with self.lock:
            counts = {name: dict(cloud.requests) for name, cloud in self.clouds.items()}
            if reset:
                for cloud in self.clouds.values():
                    cloud.requests.clear()
            return counts

    def merchant_key(self, merchant_id: str) -> str:
        """The shop's key of a merchant, which may be given by its key or any provider's id.

        Raises:
            NotFound: no such merchant.
        """
        if merchant_id in self.world.merchants:
            return merchant_id
        for cloud in self.clouds.values():
            if (key := cloud.find_merchant(merchant_id)) is not None:
                return key
        raise NotFound(f"no merchant {merchant_id} in the sandbox; GET /_sandbox/merchants lists them")

    def _cloud(self, provider: str) -> Cloud:
        if provider not in self.clouds:
            raise NotFound(f"no simulated cloud named {provider}; there are {', '.join(self.clouds)}")
        return self.clouds[provider]

    def close(self) -> None:
        """Stop the clouds' background work."""
        for cloud in self.clouds.values():
            cloud.close()
