"""The version a live reading begins after, when only a time is known."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from fakes.lightspeed_shelf import FIRST_VERSION, NOON, Row, Shelf, sale, stamp

from pos_pipeline.errors import UnexpectedPayload
from pos_pipeline.provider import Page, Source
from pos_pipeline.providers.lightspeed.source import MARGIN, read_stream

MINUTE = timedelta(minutes=1)
SOURCE = Source(UUID(int=1), "panaderia-sol", ("O1",), {}, frozenset())


def history(sales: int, gap: Callable[[Random], int]) -> list[Row]:
    """A sale a minute, the last one at noon, with versions so far apart."""
    random, version, rows = Random(4), FIRST_VERSION, []  # noqa: S311 - the same every time
    for number in range(sales):
        version += gap(random)
        rows.append(sale(number, NOON - (sales - 1 - number) * MINUTE, version=version))
    return rows


def read(shelf: Shelf, minutes_before_noon: float) -> list[Page]:
    """The first live reading of a till linked (and allowed an hour for clocks) that many minutes before noon."""
    return list(read_stream(shelf, SOURCE, "sales", NOON - minutes_before_noon * MINUTE + MARGIN))


def ids(pages: list[Page]) -> list[str]:
    """What was brought, in order."""
    return [record.id for page in pages for record in page.records]


@pytest.mark.parametrize("sales", [1, 2, 3, 10, 700])
@pytest.mark.parametrize(
    "gap",
    [lambda _: 1, lambda random: random.randint(1, 10**6), lambda random: random.choice([1, 10**15])],
    ids=["dense", "sparse", "clustered"],
)
@pytest.mark.parametrize("newest", [0, 1, 2, 500])
def test_everything_newer_is_read_and_nothing_older(sales: int, gap: Callable[[Random], int], newest: int) -> None:
    """Wherever the border lies and however the numbers are spread."""
    rows = history(sales, gap)

    pages = read(Shelf({"sales": rows}, most_rows=100), newest - 0.5)

    assert ids(pages) == [row["id"] for row in rows[max(0, sales - newest) :]]


def test_long_past_is_found_in_few_requests() -> None:
    """Forty thousand sales of the past are not read to find today's."""
    shelf = Shelf({"sales": history(40_000, lambda random: random.randint(1, 10**6))})

    pages = read(shelf, 9.5)

    assert len(ids(pages)) == 10
    assert len(shelf.asked) < 60


def test_sale_edited_late_does_not_hide_what_came_before_the_edit() -> None:
    """vend-cli takes the version of the first sale sold in the span; edited since, it stands behind the others."""
    rows = history(50, lambda _: 1000)
    rows[30] |= {"version": rows[-1]["version"] + 5000, "updated_at": stamp(NOON + MINUTE)}

    pages = read(Shelf({"sales": rows}), 19.5)

    assert ids(pages) == [*(f"s{number}" for number in range(31, 50)), "s30"]


def test_empty_history_begins_at_zero() -> None:
    """A new shop costs one question and one empty page, and its position is known from then on."""
    shelf = Shelf()

    [page] = read(shelf, 60)

    assert page == Page((), position=0)
    assert len(shelf.asked) == 2


def test_past_without_anything_new_is_not_looked_for_again() -> None:
    """The version found is the position, although no row came with it."""
    rows = history(100, lambda _: 1000)

    [page] = read(Shelf({"sales": rows}), -0.5)

    assert page == Page((), position=rows[-1]["version"])


def test_sale_that_tells_no_time_counts_as_new() -> None:
    """Beginning too early costs a few rows; too late would cost sales."""
    rows = history(20, lambda _: 1000)
    for row in rows[12:15]:
        del row["updated_at"]

    pages = read(Shelf({"sales": rows}), 2.5)

    assert ids(pages)[-3:] == ["s17", "s18", "s19"]
    assert set(ids(pages)) <= {row["id"] for row in rows}


def test_list_that_ignores_the_question_is_refused() -> None:
    """A server that answers the same sale to every version is not searched for ever."""
    first = sale(0, NOON - 1000 * MINUTE)
    shelf = Shelf(scripted={"sales": lambda _: {"data": [first], "version": {"max": first["version"]}}})

    with pytest.raises(UnexpectedPayload, match="not beyond it"):
        read(shelf, 60)
