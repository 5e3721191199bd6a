"""One authenticated request, and how its arguments are read strictly."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pos_pipeline.sandbox.shop.clock import Instant
from pos_pipeline.sandbox.square.errors import invalid
from pos_pipeline.sandbox.square.wire import Json, parse_time

if TYPE_CHECKING:
    from pos_pipeline.sandbox.square.book import Book
    from pos_pipeline.sandbox.square.cloud import SquareCloud
    from pos_pipeline.sandbox.square.grants import Access


class Call(NamedTuple):
    """What a handler gets."""

    cloud: "SquareCloud"
    book: "Book"
    access: "Access"
    now: Instant
    query: Mapping[str, str]
    body: Mapping[str, Any]
    path: Mapping[str, str]

    def time(self, name: str) -> Instant | None:
        """A query parameter as an instant; None when absent."""
        return parse_time(self.query[name], name) if self.query.get(name) else None

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """A query parameter out of `allowed`; the first when absent."""
        return one_of(self.query.get(name) or allowed[0], allowed, name)


Handler = Callable[[Call], "bytes | Json | Awaitable[Json]"]


def one_of(value: object, allowed: tuple[str, ...], field: str) -> str:
    """The value when it is allowed.

    Raises:
        SquareError: 400 INVALID_ENUM_VALUE.
    """
    if value not in allowed:
        raise invalid("INVALID_ENUM_VALUE", f"`{value}` is not a valid enum value for `{field}`.", field)
    return str(value)


def whole_number(value: object, field: str, default: int, highest: int, *, clamp: bool) -> int:
    """A limit. Above `highest` it is replaced by it, or refused, as each endpoint does.

    Raises:
        SquareError: 400 EXPECTED_INTEGER, VALUE_TOO_LOW or VALUE_TOO_HIGH.
    """
    if value is None or value == "":
        return default
    try:
        number = int(str(value))
    except ValueError:
        raise invalid("EXPECTED_INTEGER", f"Expected an integer value for `{field}`.", field) from None
    if number < 1:
        raise invalid("VALUE_TOO_LOW", f"`{field}` must be greater than or equal to 1.", field)
    if number > highest and not clamp:
        raise invalid("VALUE_TOO_HIGH", f"`{field}` must be less than or equal to {highest}.", field)
    return min(number, highest)


def texts(value: object, field: str, most: int | None = None) -> list[str]:
    """A list of strings.

    Raises:
        SquareError: 400 EXPECTED_ARRAY or ARRAY_LENGTH_TOO_LONG.
    """
    if not isinstance(value, list):
        raise invalid("EXPECTED_ARRAY", f"Expected an array of strings for `{field}`.", field)
    if most is not None and len(value) > most:
        raise invalid("ARRAY_LENGTH_TOO_LONG", f"Array must not be longer than {most} elements.", field)
    return [str(part) for part in value]
