from datetime import UTC, datetime

import pytest

from assets.partitions import months_inside, window_of_month, windows_by_tenant
from pos_pipeline.provider import Window

NOW = datetime(2026, 3, 29, 13, 30, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    """A UTC instant."""
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2026-01-01", utc(2026, 1, 1), utc(2026, 2, 1)),
        ("2026-02-01", utc(2026, 2, 1), utc(2026, 3, 1)),
        ("2024-02-01", utc(2024, 2, 1), utc(2024, 3, 1)),
        ("2025-12-01", utc(2025, 12, 1), utc(2026, 1, 1)),
        ("2026-03-01", utc(2026, 3, 1), NOW),
    ],
)
def test_month_is_a_utc_window_that_ends_now_at_the_latest(month: str, start: datetime, end: datetime) -> None:
    """Edges are UTC midnights, leap years and December included; the current month ends now."""
    assert window_of_month(month, NOW) == Window(start, end)


def test_future_month_has_no_window() -> None:
    """A month that has not begun is nothing to read, also at the very instant it begins."""
    assert window_of_month("2026-04-01", NOW) is None
    assert window_of_month("2026-03-01", utc(2026, 3, 1)) is None


def test_neighbouring_months_become_one_window() -> None:
    """Three months in a row are read in one go; a gap makes a second window; tenants stay apart."""
    keys = ["2026-02-01|a", "2025-12-01|a", "2026-01-01|a", "2025-09-01|a", "2026-03-01|b", "2026-04-01|b"]

    assert windows_by_tenant(keys, NOW) == {
        "a": [Window(utc(2025, 9, 1), utc(2025, 10, 1)), Window(utc(2025, 12, 1), utc(2026, 3, 1))],
        "b": [Window(utc(2026, 3, 1), NOW)],
    }


def test_only_whole_months_count_as_imported() -> None:
    """A window that begins in the middle of a month does not mark that month; the current one counts up to today."""
    window = Window(utc(2025, 12, 29), NOW)

    assert months_inside(window, NOW) == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_window_inside_a_month_marks_nothing() -> None:
    """Four days of a sweep are no month."""
    assert months_inside(Window(utc(2026, 2, 3), utc(2026, 2, 7)), NOW) == []
