"""Webhooks of the application and of merchants' personal tokens, and how X-Series signs and delivers.

Five seconds to answer, else nineteen more tries within 48 hours; what answers 3xx or 4xx is not tried again.
"""

import hashlib
import hmac

from msgspec import Struct
from msgspec.structs import replace

from pos_pipeline.sandbox.courier import Delivery, Habits, Target
from pos_pipeline.sandbox.home import Home
from pos_pipeline.sandbox.lightspeed.errors import not_found
from pos_pipeline.sandbox.lightspeed.grants import CLIENT_SECRET
from pos_pipeline.sandbox.lightspeed.names import Names

EVENT_TYPES = (
    "sale.update",
    "product.update",
    "customer.update",
    "inventory.update",
    "register_closure.create",
    "consignment.send",
    "consignment.receive",
)
"""What can be subscribed to; only `sale.update` is sent here."""
RETRY_MINUTES = (1, 2, 4, 8, 15, 30, 60, 120, *(240,) * 11)
TIMEOUT_SECONDS = 5.0
SIGNATURE_HEADER = "X-Signature"
_SECTION = "lightspeed_hooks"


def sign(secret: str, body: bytes) -> str:
    """The signature header: HMAC-SHA256 of the raw body in lower-case hex, which the documentation leaves open."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return f"signature={digest},algorithm=HMAC-SHA256"


def headers_of(target: Target, delivery: Delivery) -> dict[str, str]:
    """Headers of every attempt; hooks made with a personal token have no secret and no signature."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if target.signature_key:
        headers[SIGNATURE_HEADER] = sign(target.signature_key, delivery.body)
    return headers


def is_final(result: int | str) -> bool:
    """Whether the listener has the event or has turned it away."""
    return isinstance(result, int) and 200 <= result < 500  # noqa: PLR2004


HABITS = Habits(headers_of, RETRY_MINUTES, TIMEOUT_SECONDS, is_final)


class Hook(Struct, frozen=True):
    """One listener to one type of event of one retailer."""

    id: str
    merchant_key: str
    url: str
    type: str
    is_personal: bool
    active: bool = True


class Saved(Struct):
    """What survives a restart."""

    issued: int = 0
    hooks: dict[str, Hook] = {}


class Hooks:
    """All hooks of the cloud. Safe to read from the courier's threads."""

    def __init__(self, names: Names, home: Home) -> None:
        self._names = names
        self._home = home
        self._saved = home.load(_SECTION, Saved) or Saved()

    @property
    def merchant_keys(self) -> set[str]:
        """Retailers somebody listens to."""
        return {hook.merchant_key for hook in self._saved.hooks.values()}

    def of(self, merchant_key: str, *, is_personal: bool) -> list[Hook]:
        """The hooks one application sees of a retailer, oldest first."""
        return [
            hook
            for hook in self._saved.hooks.values()
            if hook.merchant_key == merchant_key and hook.is_personal == is_personal
        ]

    def create(self, merchant_key: str, url: str, kind: str, *, is_personal: bool, active: bool) -> Hook:
        """A new hook."""
        self._saved.issued += 1
        identifier = self._names.id("hook", str(self._saved.issued))
        return self._put(Hook(identifier, merchant_key, url, kind, is_personal, active))

    def get(self, identifier: str, merchant_key: str, *, is_personal: bool) -> Hook:
        """One of the hooks the application sees.

        Raises:
            LightspeedError: 404.
        """
        hook = self._saved.hooks.get(identifier)
        if hook is None or (hook.merchant_key, hook.is_personal) != (merchant_key, is_personal):
            raise not_found("Webhook")
        return hook

    def change(self, hook: Hook, *, url: str, kind: str, active: bool) -> Hook:
        """Replace what may be changed of a hook."""
        return self._put(replace(hook, url=url, type=kind, active=active))

    def delete(self, hook: Hook) -> None:
        """Forget a hook; deliveries under way are given up."""
        del self._saved.hooks[hook.id]
        self._home.save(_SECTION, self._saved)

    def forget(self, merchant_key: str) -> None:
        """Forget every hook of a retailer."""
        self._saved.hooks = {key: hook for key, hook in self._saved.hooks.items() if hook.merchant_key != merchant_key}
        self._home.save(_SECTION, self._saved)

    def listeners(self, merchant_key: str, kind: str) -> list[Hook]:
        """Hooks that hear an event of a retailer."""
        hooks = self._saved.hooks.values()
        return [hook for hook in hooks if hook.active and (hook.merchant_key, hook.type) == (merchant_key, kind)]

    def target(self, identifier: str) -> Target | None:
        """Where a hook's deliveries go now; None when it is gone or switched off."""
        hook = self._saved.hooks.get(identifier)
        if hook is None or not hook.active:
            return None
        return Target(hook.url, "" if hook.is_personal else CLIENT_SECRET)

    def _put(self, hook: Hook) -> Hook:
        self._saved.hooks[hook.id] = hook
        self._home.save(_SECTION, self._saved)
        return hook
