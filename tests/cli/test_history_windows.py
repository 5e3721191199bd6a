"""Which window the options of a backfill mean."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pos_pipeline.commands._history import window_of
from pos_pipeline.errors import InvalidRequest
from pos_pipeline.orchestration.requests import months_of
from pos_pipeline.provider import Window


def day(text: str) -> datetime:
    """A day as typer hands it over: midnight without a zone."""
    return datetime.fromisoformat(text)


def test_both_days_are_included() -> None:
    """`--from` and `--to` are days as people say them; the window's end is exclusive."""
    assert (
        str(window_of(day("2026-01-30"), day("2026-02-01"), None, 90)) == "2026-01-30T00:00:00Z..2026-02-02T00:00:00Z"
    )


def test_one_day() -> None:
    """The same day twice is that day."""
    window = window_of(day("2026-01-30"), day("2026-01-30"), None, 90)

    assert window.end - window.start == timedelta(days=1)


def test_the_window_never_reaches_past_now() -> None:
    """A last day in the future ends now."""
    before = datetime.now(UTC)
    window = window_of(day("2026-01-30"), day("2999-01-01"), None, 90)

    assert before <= window.end <= datetime.now(UTC)


def test_the_last_days() -> None:
    """`--days` counts back from today; without any option the setting counts."""
    assert window_of(None, None, 7, 90).start.date() == datetime.now(UTC).date() - timedelta(days=7)
    assert window_of(None, None, None, 90).start.date() == datetime.now(UTC).date() - timedelta(days=90)


@pytest.mark.parametrize(
    ("first", "last", "days", "message"),
    [
        ("2026-03-01", "2026-02-01", None, r"window: it ends \(2026-02-01\) before it starts \(2026-03-01\)\."),
        ("2999-03-01", "2999-04-01", None, r"window: it starts \(2999-03-01\) in the future\."),
        (None, "2026-02-01", None, r"window: --to needs --from\."),
        ("2026-03-01", None, 7, r"window: give --days, or --from and --to, not both\."),
    ],
)
def test_options_that_contradict_each_other(
    first: str | None, last: str | None, days: int | None, message: str
) -> None:
    """Each mistake is told by itself, before anything is read."""
    with pytest.raises(InvalidRequest, match=message):
        window_of(day(first) if first else None, day(last) if last else None, days, 90)


def test_months_cut_the_window() -> None:
    """Cuts are at the first of the month, ends stay as they are, nothing is left out."""
    window = Window(datetime(2025, 12, 15, 6, tzinfo=UTC), datetime(2026, 2, 3, 7, tzinfo=UTC))

    months = list(months_of(window))

    assert [f"{month.start:%m-%d %H}" for month in months] == ["12-15 06", "01-01 00", "02-01 00"]
    assert months[-1].end == window.end
    assert all(one.end == following.start for one, following in pairwise(months))
