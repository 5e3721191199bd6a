"""The simulated Toast: restaurants' books, credentials, connections, limits and webhooks over one world.

A merchant is a management group, each of its locations a restaurant with a GUID of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pos_pipeline.sandbox.bodies import BodyBudget
from pos_pipeline.sandbox.cloud import Surroundings
from pos_pipeline.sandbox.courier import Courier, Target
from pos_pipeline.sandbox.faults import FaultInjector
from pos_pipeline.sandbox.shop.clock import HOUR, Instant
from pos_pipeline.sandbox.shop.ledger import DayTotals, day_totals
from pos_pipeline.sandbox.shop.records import Sale
from pos_pipeline.sandbox.toast.app import build_app
from pos_pipeline.sandbox.toast.backoff import Backoff
from pos_pipeline.sandbox.toast.book import Book, Item
from pos_pipeline.sandbox.toast.closeout import CLOSEOUT_HOUR
from pos_pipeline.sandbox.toast.connections import Connection, Connections
from pos_pipeline.sandbox.toast.errors import forbidden
from pos_pipeline.sandbox.toast.events import Event, menus_event, order_event, partner_event
from pos_pipeline.sandbox.toast.grants import CLIENT_ID, CLIENT_SECRET, SCOPES, Client, Grants
from pos_pipeline.sandbox.toast.limits import Limiter
from pos_pipeline.sandbox.toast.names import Names
from pos_pipeline.sandbox.toast.pages import Pages
from pos_pipeline.sandbox.toast.receivers import MENUS, ORDERS, Receivers
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.render.menu import published_at
from pos_pipeline.sandbox.toast.webhooks import HABITS


class ToastCloud:
    """Toast as far as the pipeline reads it. Whoever calls it holds the surroundings' lock."""

    name: ClassVar[str] = "toast"
    app_settings: ClassVar[Mapping[str, str]] = {
        "TOAST_CLIENT_ID": CLIENT_ID,
        "TOAST_CLIENT_SECRET": CLIENT_SECRET,
        "TOAST_WEB_URL": "{base_url}/toastweb/add-integration",
    }

    def __init__(self, surroundings: Surroundings) -> None:
        self.world = surroundings.world
        self.merchants = surroundings.merchants_at(self.name)
        self.lock = surroundings.lock
        self.options = surroundings.options
        self.names = Names(self.world.options.seed)
        self.faults = FaultInjector()
        self.requests: Counter[str] = Counter()
        self.grants = Grants(self.names, surroundings.home, self.merchants, self.merchant_id)
        self.connections = Connections(surroundings.home)
        self.receivers = Receivers(self.names, surroundings.home)
        self.backoff = Backoff(self.options.webhook_minute_seconds)
        habits = HABITS._replace(observe=self.backoff.note)
        self.courier = Courier(habits, self.options, self.faults, self._target, self.world.options.seed)
        self.limiter = Limiter()
        self.pages = Pages(self.names)
        self.menus: dict[str, tuple[Instant, bytes]] = {}
        """Published menus by restaurant, and when they were published."""
        self._budget = BodyBudget(self.options.body_cache_bytes)
        self._books: dict[str, Book] = {}
        self._contexts = {
            self.names.restaurant(key, location.key): Context(self.names, merchant, location)
            for key, merchant in self.merchants.items()
            for location in merchant.spec.locations
        }
        self._groups = {self.names.group(key): key for key in self.merchants}
        self._seen_at = self.world.now
        self.app = build_app(self)
        for connection in self.connections.all():
            self.book(connection.restaurant_guid)

    def context_of(self, restaurant_guid: str) -> Context:
        """A restaurant's names and settings.

        Raises:
            KeyError: there is no such restaurant.
        """
        return self._contexts[restaurant_guid]

    def book(self, restaurant_guid: str) -> Book:
        """A restaurant's orders; projected from its sales when first asked for."""
        book = self._books.get(restaurant_guid)
        if book is None:
            book = Book(self._contexts[restaurant_guid], self._budget, self.world.now)
            self._books[restaurant_guid] = book
        return book

    def scopes_at(self, client: Client, restaurant_guid: str) -> frozenset[str]:
        """What a client may read at a restaurant.

        Raises:
            ToastError: 403 the restaurant is not the client's, or is connected so lately that it does not know.
        """
        context = self._contexts.get(restaurant_guid)
        if context is not None and client.merchant_key == context.merchant.spec.key:
            return frozenset(SCOPES)
        connection = self.connections.get(restaurant_guid) if client.merchant_key is None else None
        if context is None or connection is None:
            raise forbidden(f"The client has no access to restaurant {restaurant_guid}")
        if not connection.is_spread:
            connection.is_spread = connection.held_back >= self.faults.switches.propagating_requests
            if not connection.is_spread:
                connection.held_back += 1
                raise forbidden(f"The client has no access to restaurant {restaurant_guid}")
        return frozenset(connection.scopes)

    def connect(self, rows: Sequence[Connection]) -> None:
        """Restaurants add the integration."""
        updated = self.connections.connect(rows)
        for row in rows:
            self.book(row.restaurant_guid)
            kind = "partner_updated" if row in updated else "partner_added"
            self._announce([partner_event(self._contexts[row.restaurant_guid], kind, row)])

    def absorb(self, sales: Sequence[Sale]) -> None:
        """Take over what changed, let the nightly batches run, and announce both."""
        silently = self.faults.switches.silent_refunds
        for sale in sales:
            book = self._books.get(self.names.restaurant(sale.merchant_key, sale.location_key))
            if book is not None:
                book.now = self.world.now
                self._announce_orders(book, book.absorb(sale, silently=silently))
        for book in self._books.values():
            self._announce_orders(book, book.settle(self.world.now))
        published = published_at(self.world.now)
        if published > self._seen_at and self.receivers.of(MENUS):
            for connection in self.connections.all():
                self._announce([menus_event(self._contexts[connection.restaurant_guid], published)])
        self._seen_at = self.world.now

    def merchant_id(self, merchant_key: str) -> str:
        """The merchant's management group."""
        return self.names.group(merchant_key)

    def find_merchant(self, merchant_id: str) -> str | None:
        """The shop's key of a management group, or of the one a restaurant belongs to."""
        context = self._contexts.get(merchant_id)
        return self._groups.get(merchant_id) if context is None else context.merchant.spec.key

    def day_totals(self, merchant_key: str) -> list[DayTotals]:
        """Days end at the closeout hour; discounts are taken off the price before tax."""
        return day_totals(self.merchants[merchant_key], CLOSEOUT_HOUR * HOUR, discounts_without_tax=True)

    def location_id(self, merchant_key: str, location_key: str) -> str:
        """A restaurant's GUID."""
        return self.names.restaurant(merchant_key, location_key)

    def credentials(self, merchant_key: str) -> dict[str, Any]:
        """The merchant's own Standard API access."""
        client_id, secret = self.grants.credentials(merchant_key)
        guids = [self.location_id(merchant_key, key) for key in self.merchants[merchant_key].locations]
        return {"client_id": client_id, "client_secret": secret, "restaurant_guids": guids}

    def revoke(self, merchant_key: str) -> None:
        """The merchant removes the integration at all its restaurants and deletes its credential set."""
        self.grants.delete_credentials(merchant_key)
        for row in self.connections.remove(merchant_key):
            self._announce([partner_event(self._contexts[row.restaurant_guid], "partner_removed", row)])

    def resume(self, page_token: str) -> tuple[str, int] | None:
        """The list and place a page token stands for; None when it is dead, as the switch may have it by now."""
        if self.faults.cursor_used():
            self.pages.expire_all()
        return self.pages.resume(page_token)

    def expire_cursors(self) -> None:
        """Kill every page token handed out so far."""
        self.pages.expire_all()

    def close(self) -> None:
        """Stop delivering."""
        self.courier.close()

    def _target(self, receiver_id: str) -> Target | None:
        return None if self.backoff.is_quiet(receiver_id) else self.receivers.target(receiver_id)

    def _announce_orders(self, book: Book, items: Sequence[Item]) -> None:
        if not self.receivers.of(ORDERS) or self.connections.get(book.context.restaurant_guid) is None:
            return
        self._announce(order_event(book, item) for item in items)

    def _announce(self, events: Iterable[Event]) -> None:
        for event in events:
            for receiver in self.receivers.of(event.category):
                self.courier.post(receiver.id, event.body, event.labels)
