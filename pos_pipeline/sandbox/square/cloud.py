"""The simulated Square: merchants' books, grants, cursors and webhooks over one world."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pos_pipeline.sandbox.bodies import BodyBudget
from pos_pipeline.sandbox.cloud import Surroundings
from pos_pipeline.sandbox.courier import Courier
from pos_pipeline.sandbox.faults import FaultInjector
from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.shop.ledger import DayTotals, day_totals
from pos_pipeline.sandbox.shop.records import Sale
from pos_pipeline.sandbox.square.app import build_app
from pos_pipeline.sandbox.square.book import Book
from pos_pipeline.sandbox.square.cursors import Cursors
from pos_pipeline.sandbox.square.errors import not_found
from pos_pipeline.sandbox.square.events import Event, change_events, plain_event
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET, DEVELOPER_TOKEN, Grants
from pos_pipeline.sandbox.square.names import Names
from pos_pipeline.sandbox.square.render.catalog import CatalogObject, catalog_objects
from pos_pipeline.sandbox.square.render.context import Context
from pos_pipeline.sandbox.square.render.people import render_customer
from pos_pipeline.sandbox.square.subscriptions import Subscriptions
from pos_pipeline.sandbox.square.webhooks import HABITS
from pos_pipeline.sandbox.square.wire import rfc3339

_SHORT_EVERY, _EMPTY_EVERY = 7, 23


class SquareCloud:
    """Square as far as the pipeline reads it. Whoever calls it holds the surroundings' lock."""

    name: ClassVar[str] = "square"
    app_settings: ClassVar[Mapping[str, str]] = {
        "SQUARE_APP_ID": CLIENT_ID,
        "SQUARE_APP_SECRET": CLIENT_SECRET,
        "SQUARE_ACCESS_TOKEN": DEVELOPER_TOKEN,
    }

    def __init__(self, surroundings: Surroundings) -> None:
        self.world = surroundings.world
        self.merchants = surroundings.merchants_at(self.name)
        self.lock = surroundings.lock
        self.options = surroundings.options
        self.names = Names(self.world.options.seed)
        self.faults = FaultInjector()
        self.requests: Counter[str] = Counter()
        self.grants = Grants(self.names, surroundings.home, self.merchants)
        self.cursors = Cursors(self.names, self.options.cursor_ttl_seconds)
        self.subscriptions = Subscriptions(self.names, surroundings.home, self.grants)
        self.courier = Courier(HABITS, self.options, self.faults, self.subscriptions.target, self.world.options.seed)
        self._budget = BodyBudget(self.options.body_cache_bytes)
        self._books: dict[str, Book] = {}
        self._catalogs: dict[str, tuple[Instant, list[CatalogObject]]] = {}
        self._keys = {self.names.merchant(key): key for key in self.merchants}
        self._seen_at = self.world.now
        self._full_pages = 0
        self.app = build_app(self)
        if len(self.subscriptions):
            self.open_all_books()

    @property
    def first_merchant_key(self) -> str:
        """The merchant who consents when none is named."""
        return next(iter(self.merchants))

    def book(self, merchant_key: str) -> Book:
        """A merchant's objects; projected from its sales when first asked for."""
        book = self._books.get(merchant_key)
        if book is None:
            book = Book(Context(self.names, self.merchants[merchant_key]), self._budget)
            self._books[merchant_key] = book
        return book

    def open_all_books(self) -> None:
        """From now on know what changes for every merchant, because somebody listens."""
        for merchant_key in self.merchants:
            self.book(merchant_key)

    def catalog_of(self, book: Book) -> list[CatalogObject]:
        """The merchant's catalog now, deleted objects included, by change time and id."""
        cached = self._catalogs.get(book.context.key)
        if cached is None or cached[0] != self.world.now:
            objects = sorted(catalog_objects(book.context, self.world.now), key=lambda o: (o.updated, o.id))
            cached = self._catalogs[book.context.key] = (self.world.now, objects)
        return cached[1]

    def page_size(self, limit: int) -> int:
        """How many rows a full page that is not the last one holds."""
        self._full_pages += 1
        if not self.options.short_pages:
            return limit
        if self._full_pages % _EMPTY_EVERY == 0:
            return 0
        return max(1, limit * 3 // 5) if self._full_pages % _SHORT_EVERY == 0 else limit

    def absorb(self, sales: Sequence[Sale]) -> None:
        """Reindex what changed and announce it."""
        listens = bool(len(self.subscriptions))
        for sale in sales:
            book = self._books.get(sale.merchant_key)
            if book is not None:
                changes = book.absorb(sale)
                if listens:
                    self._announce(change_events(book, changes))
        if listens:
            for book in self._books.values():
                self._announce(self._other_events(book))
        self._seen_at = self.world.now

    def merchant_key(self, merchant_id: str) -> str:
        """The shop's key of a merchant.

        Raises:
            SquareError: 404.
        """
        if merchant_id not in self._keys:
            raise not_found("merchant", merchant_id)
        return self._keys[merchant_id]

    def merchant_id(self, merchant_key: str) -> str:
        """Square's id of a merchant."""
        return self.names.merchant(merchant_key)

    def find_merchant(self, merchant_id: str) -> str | None:
        """The shop's key of one of Square's merchants."""
        return self._keys.get(merchant_id)

    def day_totals(self, merchant_key: str) -> list[DayTotals]:
        """Square's days end at midnight; its discounts contain the tax the prices contain."""
        return day_totals(self.merchants[merchant_key])

    def location_id(self, merchant_key: str, location_key: str) -> str:
        """Square's id of a location."""
        return self.names.location(merchant_key, location_key)

    def credentials(self, merchant_key: str) -> dict[str, Any]:
        """The merchant's personal access token."""
        return {"access_token": self.grants.personal_token(merchant_key)}

    def revoke(self, merchant_key: str) -> None:
        """The merchant withdraws everything in its dashboard; its personal token is replaced too."""
        self.end_authorization(merchant_key, "MERCHANT", personal_too=True)

    def end_authorization(self, merchant_key: str, revoker: str, *, personal_too: bool) -> None:
        """End a merchant's grants and say so."""
        self.grants.revoke_merchant(merchant_key, personal_too=personal_too)
        if len(self.subscriptions):
            book = self.book(merchant_key)
            data = {"revoked_at": rfc3339(self.world.now), "revoker_type": revoker}
            serial = self.names.token("revocation", f"{merchant_key}:{self._full_pages}:{self.requests.total()}")
            event = plain_event(
                book,
                "oauth.authorization.revoked",
                serial=serial,
                at=self.world.now,
                data_type="revocation",
                identifier=serial[:22],
                data=data,
            )
            self._announce([event])

    def expire_cursors(self) -> None:
        """Kill every cursor handed out so far."""
        self.cursors.expire_all()

    def close(self) -> None:
        """Stop delivering."""
        self.courier.close()

    def _announce(self, events: Iterable[Event]) -> None:
        for event in events:
            for subscription_id in self.subscriptions.listeners(event):
                self.courier.post(subscription_id, event.body)

    def _other_events(self, book: Book) -> list[Event]:
        """Catalog and customers, which the shop changes by the calendar."""
        events = []
        updated = self.catalog_of(book)[-1].updated
        if updated > self._seen_at:
            event = plain_event(
                book,
                "catalog.version.updated",
                serial=str(updated),
                at=updated,
                data_type="catalog_version",
                identifier="",
                data={"updated_at": rfc3339(updated)},
            )
            events.append(event)
        people = book.merchant.people
        for position in range(people.customer_count(self._seen_at), people.customer_count(self.world.now)):
            customer = people.customer(position)
            identifier = self.names.customer(book.context.key, customer.key)
            event = plain_event(
                book,
                "customer.created",
                serial=identifier,
                at=customer.created_at,
                data_type="customer",
                identifier=identifier,
                data=render_customer(self.names, book.context.key, customer),
            )
            events.append(event)
        return events
