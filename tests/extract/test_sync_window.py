"""Historical windows: whole, resumable, beside live syncs."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from fakes.corner_till import START, CornerTill, sale

from pos_pipeline.errors import ProviderUnavailable
from pos_pipeline.extract import sync_live, sync_window
from pos_pipeline.extract.locks import own_connections, own_window
from pos_pipeline.provider import Window
from pos_pipeline.services import Services

Link = Callable[..., UUID]
Visible = Callable[..., list[str]]
MONTH = Window(START, START + timedelta(days=30))


@pytest.fixture
def busy_month(till: CornerTill) -> CornerTill:
    """Sixty sales, two a day."""
    till.sales["m1"] = [sale(n, minute=n * 720) for n in range(60)]
    return till


@pytest.mark.usefixtures("busy_month")
def test_window_brings_everything_inside_and_nothing_else(corner: Services, link: Link, visible: Visible) -> None:
    """Start inclusive, end exclusive, whatever the number of parts."""
    outcome = sync_window(corner, link(), Window(START + timedelta(days=2), START + timedelta(days=20)))

    assert outcome.status == "success"
    assert visible() == sorted(f"s{n}" for n in range(4, 40))


@pytest.mark.usefixtures("busy_month")
def test_interrupted_import_goes_on_where_it_stopped(corner: Services, till: CornerTill, link: Link) -> None:
    """Parts that were committed are not asked for again; a sweep (`resume=False`) asks for all."""
    connection = link()
    sync_window(corner, connection, Window(START, START + timedelta(days=15)))
    asked = len(till.asked)

    sync_window(corner, connection, MONTH)
    resumed = len(till.asked) - asked
    sync_window(corner, connection, MONTH, resume=False)

    assert 0 < resumed < len(till.asked) - asked - resumed


@pytest.mark.usefixtures("busy_month")
def test_failed_part_is_read_again(corner: Services, till: CornerTill, link: Link, visible: Visible) -> None:
    """A part whose reading failed is not marked done."""
    failures = iter([True])

    def fail_once(_merchant: str, _stream: str) -> None:
        if next(failures, False):
            raise ProviderUnavailable("corner: closed")

    till.fault = fail_once
    connection = link()

    first = sync_window(corner, connection, MONTH)
    second = sync_window(corner, connection, MONTH)

    assert (first.status, second.status) == ("partial", "success")
    assert set(visible()) == {f"s{n}" for n in range(60)}


@pytest.mark.usefixtures("busy_month")
def test_window_runs_beside_a_live_sync_and_moves_no_watermark(corner: Services, link: Link) -> None:
    """History neither waits for the live sync nor changes where it goes on."""
    connection = link()

    with own_connections(corner.database, [connection]):
        outcome = sync_window(corner, connection, MONTH)

    assert outcome.status == "success"
    assert corner.database.fetch("select count(*) from etl.watermarks") == [(0,)]


@pytest.mark.usefixtures("busy_month")
def test_same_window_is_read_by_one_process(corner: Services, link: Link) -> None:
    """The second one is told it is busy."""
    connection = link()

    with own_window(corner.database, connection, MONTH):
        assert sync_window(corner, connection, MONTH).status == "busy"


@pytest.mark.usefixtures("busy_month")
def test_windows_keep_their_own_log(corner: Services, link: Link) -> None:
    """A window's log says its bounds; the account's live schedule is left alone."""
    connection = link()
    before = corner.database.fetch("select next_sync_at, last_sync_at from pos.accounts")

    sync_window(corner, connection, MONTH)
    sync_live(corner, [connection], streams=["items"])

    logs = corner.database.fetch("select kind, window_start, transactions_fetched from pos.sync_logs order by kind")
    assert logs == [("live", None, 0), ("window", MONTH.start, 60)]
    assert before[0][1] is None
