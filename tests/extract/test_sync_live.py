"""What a live sync promises: nothing lost, nothing stored twice in vain, nobody else disturbed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from fakes.corner_till import START, CornerTill, sale

from pos_pipeline.errors import (
    InvalidRequest,
    NotFound,
)
from pos_pipeline.extract import sync_live
from pos_pipeline.extract.locks import own_connections
from pos_pipeline.provider import Location, Page, Record
from pos_pipeline.services import Services

Link = Callable[..., UUID]
Visible = Callable[..., list[str]]


def test_first_sync_stores_every_page(corner: Services, till: CornerTill, link: Link, visible: Visible) -> None:
    """All records of all pages are visible, byte for byte as JSON, and counted."""
    till.sales["m1"] = [sale(n, minute=n) for n in range(5)]

    [outcome] = sync_live(corner, [link()])

    assert (outcome.status, outcome.rows["sales"]) == ("success", 5)
    assert visible() == ["s0", "s1", "s2", "s3", "s4"]


def test_second_sync_reads_from_the_watermark_and_stores_nothing(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """What the overlap brings again is recognised by its bytes; no load is made."""
    till.sales["m1"] = [sale(n, minute=n * 10) for n in range(5)]
    connection = link()
    sync_live(corner, [connection])

    [again] = sync_live(corner, [connection])

    assert till.asked[-3] == ("sales", START + timedelta(minutes=30), None)
    assert (again.rows["sales"], again.load_id) == (0, None)
    assert len(visible()) == 5


def test_sync_that_is_shown_nothing_forgets_nothing(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """A reader that need not look at the overlap while nothing is new does not bring it twice afterwards."""
    known, newer = sale(1, minute=60), sale(2, minute=65)
    till.sales["m1"] = [known]
    connection = link()
    sync_live(corner, [connection])
    till.sales["m1"] = []
    sync_live(corner, [connection])
    till.sales["m1"] = [known, newer]

    [outcome] = sync_live(corner, [connection])

    assert outcome.rows["sales"] == 1
    assert visible() == ["s1", "s2"]


def test_present_is_the_one_of_the_sync(corner: Services, till: CornerTill, link: Link) -> None:
    """A reader is told when the sync began, or the time its tills live in; what is due is due by that time."""
    hourly = replace(till.streams[2], refresh_after=timedelta(hours=1))
    till.streams = (till.streams[0], hourly)
    connection, begun = link(), datetime.now(UTC)
    sync_live(corner, [connection])
    sync_live(corner, [connection], now=START)
    sync_live(corner, [connection], now=begun + timedelta(days=1))

    assert [stream for stream, *_ in till.asked] == ["sales", "staff", "sales", "sales", "staff"]
    assert begun <= till.presents[0] == till.presents[1] <= datetime.now(UTC)
    assert till.presents[2:] == [START] + [begun + timedelta(days=1)] * 2


def test_stream_a_webhook_names_is_read_at_once(corner: Services, till: CornerTill, link: Link) -> None:
    """However lately it was read; a webhook that has been answered does so no more."""
    till.streams = (till.streams[0], replace(till.streams[2], refresh_after=timedelta(hours=1)))
    connection = link()
    sync_live(corner, [connection])
    [(webhook,)] = corner.database.fetch(
        "insert into pos.webhooks"
        " (tenant_id, connection_id, pos_provider, webhook_event_id, event_type, event_data, streams)"
        " select tenant_id, id, pos_provider, 'e1', 'staff', '{}', '{staff}' from pos.connections returning id"
    )
    sync_live(corner, [connection])
    corner.database.fetch(
        "update pos.webhooks set processing_status = 'processed' where id = %s returning id", (webhook,)
    )
    sync_live(corner, [connection])

    assert [stream for stream, *_ in till.asked] == ["sales", "staff", "sales", "staff", "sales"]


def test_late_record_inside_the_overlap_is_stored(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """An object that becomes visible late, with an older change time, is not lost."""
    till.sales["m1"] = [sale(1, minute=60)]
    connection = link()
    sync_live(corner, [connection])
    till.sales["m1"].append(sale(2, minute=55))

    sync_live(corner, [connection])

    assert visible() == ["s1", "s2"]


def test_changed_body_with_the_same_change_time_is_stored(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """Same id and same time but other content is a new version."""
    till.sales["m1"] = [sale(1, minute=1)]
    connection = link()
    sync_live(corner, [connection])
    till.sales["m1"] = [sale(1, minute=1, note="tip edited")]

    sync_live(corner, [connection])

    assert visible() == ["s1", "s1"]


def test_watermark_never_moves_back(corner: Services, till: CornerTill, link: Link) -> None:
    """A POS that suddenly shows only older records does not rewind the stream."""
    till.sales["m1"] = [sale(1, minute=100)]
    connection = link()
    sync_live(corner, [connection])
    till.sales["m1"] = [sale(2, minute=95)]
    sync_live(corner, [connection])

    assert corner.database.fetch("select position_at from etl.watermarks where stream = 'sales'") == [
        (START + timedelta(minutes=100),)
    ]


def test_unchanged_snapshot_is_not_stored_again_and_a_changed_member_is(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """Of a list read whole, only members with new content make rows."""
    till.staff = [Record("ana", START, b'{"id":"ana"}'), Record("bo", START, b'{"id":"bo"}')]
    connection = link()
    sync_live(corner, [connection])
    till.staff[1] = Record("bo", START, b'{"id":"bo","left":true}')

    sync_live(corner, [connection])

    assert visible("staff") == ["ana", "bo", "bo"]


def test_busy_connection_is_yielded(corner: Services, till: CornerTill, link: Link) -> None:
    """While another process owns the connection nothing is read, and the outcome says so."""
    till.sales["m1"] = [sale(1, minute=1)]
    connection = link()

    with own_connections(corner.database, [connection]):
        [outcome] = sync_live(corner, [connection])

    assert outcome.status == "busy"
    assert till.asked == []
    assert corner.database.fetch("select count(*) from pos.sync_logs") == [(0,)]


def test_sync_log_account_and_event_agree(corner: Services, till: CornerTill, link: Link) -> None:
    """Figures of a sync are written once and told alike; its event waits for the marts."""
    till.sales["m1"] = [sale(n, minute=n) for n in range(3)]
    till.items = [Page([Record("i1", START, b'{"id":"i1"}')], product_ids=["i1", "i2"])]

    [outcome] = sync_live(corner, [link()])

    assert outcome.new_products == 2
    [log] = corner.database.fetch(
        "select status, transactions_fetched, transactions_processed, transactions_failed,"
        " new_products_discovered, unmapped_products_count, load_id from pos.sync_logs"
    )
    assert log == ("success", 3, 3, 0, 2, 2, outcome.load_id)
    [(payload, load_id)] = corner.database.fetch(
        "select payload, load_id from pos.outbox where routing_key = 'pos.sync_completed'"
    )
    assert (payload["transactions_processed"], payload["new_products_discovered"]) == (3, 2)
    assert load_id == outcome.load_id
    [(next_in,)] = corner.database.fetch("select next_sync_at - last_successful_sync_at from pos.accounts")
    assert next_in == timedelta(minutes=15)


def test_new_shop_becomes_an_account(corner: Services, till: CornerTill, link: Link) -> None:
    """A shop the POS shows for the first time is an account after the sync; a renamed one has its new name."""
    till.staff = [Record("ana", START, b'{"id":"ana"}')]
    till.shops = [
        Location("m1-shop", "Shop by the church", "Europe/Madrid", "EUR"),
        Location("m1-new", "New shop", "Atlantic/Canary", "EUR"),
    ]

    sync_live(corner, [link()])

    assert corner.database.fetch("select location_id, location_name, timezone from pos.accounts order by 1") == [
        ("m1-new", "New shop", "Atlantic/Canary"),
        ("m1-shop", "Shop by the church", "Europe/Madrid"),
    ]


def test_many_merchants_share_one_load(corner: Services, till: CornerTill, link: Link) -> None:
    """Thirty merchants make one dlt load, and each row carries its own tenant."""
    till.sales = {f"m{n}": [sale(n, minute=1, merchant=f"m{n}")] for n in range(30)}

    outcomes = sync_live(corner, [link(f"m{n}") for n in range(30)])

    assert {o.status for o in outcomes} == {"success"}
    assert corner.database.fetch("select count(*), min(row_count) from etl.loads") == [(1, 30)]
    wrong = corner.database.fetch(
        "select count(*) from raw_corner.sales r inner join pos.connections c on c.id = r.connection_id"
        " where c.tenant_id <> r.tenant_id or r.location_id <> c.merchant_id || '-shop'"
    )
    assert wrong == [(0,)]


def test_unknown_things_are_named(corner: Services, link: Link) -> None:
    """An unknown connection and an unknown stream are refused before anything is read."""
    connection = link()

    with pytest.raises(NotFound, match="there is no"):
        sync_live(corner, [uuid4()])
    with pytest.raises(InvalidRequest, match=r"no stream \['tips'\]"):
        sync_live(corner, [connection], streams=["tips"])
