"""Windows are cut on a fixed grid, and positions move back by the stream's own measure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from fakes.corner_till import CornerTill

from pos_pipeline.errors import InvalidRequest
from pos_pipeline.extract.plan import behind, plan_windows, split
from pos_pipeline.provider import Window

DAY = timedelta(days=1)


def test_pieces_cover_the_window_without_gap_or_overlap() -> None:
    """The pieces touch, begin and end with the window and are no longer than asked."""
    window = Window(datetime(2026, 3, 28, 13, 5, tzinfo=UTC), datetime(2026, 4, 9, tzinfo=UTC))

    pieces = split(window, 7 * DAY)

    assert (pieces[0].start, pieces[-1].end) == (window.start, window.end)
    assert all(left.end == right.start for left, right in pairwise(pieces))
    assert all(piece.end - piece.start <= 7 * DAY for piece in pieces)


def test_overlapping_windows_share_their_inner_pieces() -> None:
    """Two imports of different length meet on the same grid, so that one can resume the other."""
    end = datetime(2026, 5, 1, tzinfo=UTC)
    long, short = split(Window(end - 60 * DAY, end), 7 * DAY), split(Window(end - 40 * DAY, end), 7 * DAY)

    assert set(short[1:]) <= set(long)


def test_positions_move_back_in_their_own_measure() -> None:
    """Times by a time, numbers by a number, and never below zero."""
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

    assert behind(at, timedelta(minutes=10)) == at - timedelta(minutes=10)
    assert behind(1_000, 5) == 995
    assert behind(3, 5) == 0


@pytest.mark.parametrize("end", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)])
def test_window_that_ends_before_it_starts_is_refused(end: datetime) -> None:
    """The message shows the window and says which end comes first."""
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), end)

    with pytest.raises(InvalidRequest, match="ends before it starts"):
        plan_windows(None, CornerTill(), None, window, None, resume=False)


def test_window_without_time_zone_is_refused() -> None:
    """A wall-clock time means nothing across shops."""
    window = Window(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - the point

    with pytest.raises(InvalidRequest, match="time zone"):
        plan_windows(None, CornerTill(), None, window, None, resume=False)
