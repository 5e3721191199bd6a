"""One authenticated request, and how its arguments are read."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import QueryParams

from pos_pipeline.sandbox.lightspeed.errors import invalid
from pos_pipeline.sandbox.lightspeed.wire import Json, parse_time
from pos_pipeline.sandbox.shop.clock import Instant

if TYPE_CHECKING:
    from pos_pipeline.sandbox.lightspeed.book import Book
    from pos_pipeline.sandbox.lightspeed.cloud import LightspeedCloud
    from pos_pipeline.sandbox.lightspeed.grants import Access


class Call(NamedTuple):
    """What a handler gets."""

    cloud: "LightspeedCloud"
    book: "Book"
    access: "Access"
    now: Instant
    query: QueryParams
    raw: bytes
    path: Mapping[str, str]

    def whole_number(self, name: str, default: int) -> int:
        """A query parameter as a whole number that is not negative.

        Raises:
            LightspeedError: 422.
        """
        value = self.query.get(name)
        if not value:
            return default
        if not value.isdecimal():
            raise invalid(name, "must be a whole number")
        return int(value)

    def page_size(self, default: int, most: int) -> int:
        """How many rows are asked for; more than `most` are silently that many.

        Raises:
            LightspeedError: 422.
        """
        size = self.whole_number("page_size", default)
        if size < 1:
            raise invalid("page_size", "must be at least 1")
        return min(size, most)

    def time(self, name: str) -> Instant | None:
        """A query parameter as an instant; None when absent.

        Raises:
            LightspeedError: 422.
        """
        return parse_time(self.query[name], name) if self.query.get(name) else None

    @property
    def wants_deleted(self) -> bool:
        """Whether deleted objects were asked for."""
        return self.query.get("deleted", "").lower() in ("true", "1")


Handler = Callable[[Call], "bytes | Json"]
