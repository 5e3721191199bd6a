"""The simulated X-Series: retailers' books, grants, limits and webhooks over one world."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pos_pipeline.sandbox.bodies import BodyBudget
from pos_pipeline.sandbox.cloud import Surroundings
from pos_pipeline.sandbox.courier import Courier
from pos_pipeline.sandbox.faults import FaultInjector
from pos_pipeline.sandbox.lightspeed.app import build_app
from pos_pipeline.sandbox.lightspeed.book import Book
from pos_pipeline.sandbox.lightspeed.grants import CLIENT_ID, CLIENT_SECRET, Grants
from pos_pipeline.sandbox.lightspeed.hooks import HABITS, Hooks
from pos_pipeline.sandbox.lightspeed.limiter import Limiter
from pos_pipeline.sandbox.lightspeed.names import Names
from pos_pipeline.sandbox.lightspeed.reference_api import CategoryCursors
from pos_pipeline.sandbox.lightspeed.render.context import Context, registers_of
from pos_pipeline.sandbox.lightspeed.render.rows import Entry
from pos_pipeline.sandbox.lightspeed.render.update import EVENT, update_body
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.ledger import DayTotals, day_totals
from pos_pipeline.sandbox.shop.records import Sale

_SHORT_EVERY = 7
_PER_REGISTER, _BASE = 300, 50
_TOKEN_BUDGET, _TOKEN_WINDOW_SECONDS = 10, 1.0


class LightspeedCloud:
    """X-Series as far as the pipeline reads it. Whoever calls it holds the surroundings' lock."""

    name: ClassVar[str] = "lightspeed"
    app_settings: ClassVar[Mapping[str, str]] = {
        "LIGHTSPEED_CLIENT_ID": CLIENT_ID,
        "LIGHTSPEED_CLIENT_SECRET": CLIENT_SECRET,
        "LIGHTSPEED_BASE_URL": "{base_url}/{domain_prefix}",
        "LIGHTSPEED_CONNECT_URL": "{base_url}/connect",
    }
    token_budget: ClassVar[int] = _TOKEN_BUDGET
    """Requests to one retailer's token endpoint per window; the documentation shows the number, not the window."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.world = surroundings.world
        self.merchants = surroundings.merchants_at(self.name)
        self.lock = surroundings.lock
        self.options = surroundings.options
        self.names = Names(self.world.options.seed)
        self.faults = FaultInjector()
        self.requests: Counter[str] = Counter()
        self.grants = Grants(self.names, surroundings.home, self.merchants)
        self.limiter = Limiter(self.options.limit_window_seconds)
        self.token_limiter = Limiter(_TOKEN_WINDOW_SECONDS)
        self.category_cursors = CategoryCursors()
        self.hooks = Hooks(self.names, surroundings.home)
        self.courier = Courier(HABITS, self.options, self.faults, self.hooks.target, self.world.options.seed)
        self._budget = BodyBudget(self.options.body_cache_bytes)
        self._books: dict[str, Book] = {}
        self._entries: dict[tuple[str, str], tuple[Instant, list[Entry]]] = {}
        self._prefixes = {self.names.prefix(key): key for key in self.merchants}
        self._keys = {self.merchant_id(key): key for key in self.merchants} | self._prefixes
        self._full_pages = 0
        self.app = build_app(self)
        for merchant_key in self.hooks.merchant_keys:
            self.book(merchant_key)

    def book(self, merchant_key: str) -> Book:
        """A retailer's sales; projected from the shop's when first asked for."""
        book = self._books.get(merchant_key)
        if book is None:
            book = Book(self.world, Context(self.names, self.merchants[merchant_key]), self._budget)
            self._books[merchant_key] = book
        return book

    def entries(self, book: Book, name: str, render: Callable[[Context, Instant], Iterable[Entry]]) -> Sequence[Entry]:
        """Reference data as of now, kept until time passes."""
        key = (book.context.key, name)
        kept = self._entries.get(key)
        if kept is None or kept[0] != self.world.now:
            kept = self._entries[key] = (self.world.now, list(render(book.context, self.world.now)))
        return kept[1]

    def budget(self, merchant_key: str) -> int:
        """How many requests a retailer's window allows."""
        merchant = self.merchants[merchant_key]
        registers = sum(
            registers_of(location)
            for location in merchant.spec.locations
            if merchant.is_active(location, self.world.now)
        )
        return _PER_REGISTER * registers + _BASE

    def page_size(self, size: int) -> int:
        """How many rows a full page holds: now and then it comes short, never empty."""
        self._full_pages += 1
        return max(1, size * 3 // 5) if self.options.short_pages and self._full_pages % _SHORT_EVERY == 0 else size

    def absorb(self, sales: Sequence[Sale]) -> None:
        """Take over what changed and announce it."""
        for sale in sales:
            book = self._books.get(sale.merchant_key)
            if book is None:
                continue
            hooks = self.hooks.listeners(sale.merchant_key, EVENT)
            for item in book.absorb(sale):
                for hook in hooks:
                    self.courier.post(hook.id, update_body(book.context, book.bill(item), item))

    def retailer_at(self, domain_prefix: str) -> str | None:
        """The shop's key of the retailer with this address."""
        return self._prefixes.get(domain_prefix)

    def merchant_id(self, merchant_key: str) -> str:
        """The retailer's id."""
        return self.names.kept("retailer", merchant_key)

    def find_merchant(self, merchant_id: str) -> str | None:
        """The shop's key of a retailer, by its id or its domain prefix."""
        return self._keys.get(merchant_id)

    def day_totals(self, merchant_key: str) -> list[DayTotals]:
        """A day ends at midnight; discounts are taken off prices before tax."""
        return day_totals(self.merchants[merchant_key], discounts_without_tax=True)

    def location_id(self, merchant_key: str, location_key: str) -> str:
        """The outlet's id."""
        return self.names.kept("outlet", f"{merchant_key}:{location_key}")

    def credentials(self, merchant_key: str) -> dict[str, Any]:
        """The retailer's personal token, and its address."""
        return {
            "access_token": self.grants.personal_token(merchant_key),
            "domain_prefix": self.names.prefix(merchant_key),
        }

    def revoke(self, merchant_key: str) -> None:
        """The merchant removes the application and its personal tokens; the hooks made with them go too."""
        self.grants.revoke(merchant_key)
        self.hooks.forget(merchant_key)

    def expire_cursors(self) -> None:
        """Kill the categories' cursors. A version is not a cursor that could die."""
        self.category_cursors.expire_all()

    def close(self) -> None:
        """Stop delivering."""
        self.courier.close()
