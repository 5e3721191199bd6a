"""One authenticated request for one restaurant, and what it is answered with."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant

if TYPE_CHECKING:
    from pos_pipeline.sandbox.toast.book import Book
    from pos_pipeline.sandbox.toast.cloud import ToastCloud
    from pos_pipeline.sandbox.toast.grants import Client


class Answer(NamedTuple):
    """A 200 with headers of its own. `body` is JSON, as bytes where it was rendered before."""

    body: object
    headers: Sequence[tuple[str, str]] = ()


class Call(NamedTuple):
    """What a handler gets; `/partners` has no restaurant and so no book."""

    cloud: "ToastCloud"
    client: "Client"
    scopes: frozenset[str]
    now: Instant
    url: str
    query: Mapping[str, str]
    path: Mapping[str, str]
    restaurant: "Book | None"

    @property
    def book(self) -> "Book":
        """The orders of the restaurant named in the header."""
        if self.restaurant is None:
            raise LookupError("this endpoint is not for one restaurant")
        return self.restaurant


Handler = Callable[[Call], Answer]
