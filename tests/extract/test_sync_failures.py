"""What a live sync does when a merchant, a record, Postgres or the process itself fails."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from fakes.corner_till import START, CornerTill, sale

from pos_pipeline.errors import (
    MissingScope,
    ProviderUnavailable,
    Unauthorised,
    WarehouseUnavailable,
)
from pos_pipeline.extract import sync, sync_live
from pos_pipeline.provider import Page, Record, Reject
from pos_pipeline.services import Services

Link = Callable[..., UUID]
Visible = Callable[..., list[str]]


def test_failing_merchant_keeps_its_watermark_and_others_advance(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """One merchant's broken stream is its own: the others are committed, and it is read again from where it was."""

    def break_m2(merchant: str, stream: str) -> None:
        if (merchant, stream) == ("m2", "sales"):
            raise ProviderUnavailable("corner: closed")

    till.sales = {"m1": [sale(1, minute=1)], "m2": [sale(2, minute=1, merchant="m2"), sale(3, minute=2, merchant="m2")]}
    till.fault = break_m2
    first, second = link("m1"), link("m2")

    outcomes = sync_live(corner, [first, second])

    assert [o.status for o in outcomes] == ["success", "partial"]
    marks = corner.database.fetch("select connection_id from etl.watermarks where stream = 'sales'")
    assert marks == [(first,)]
    till.fault = lambda *_: None
    [again] = sync_live(corner, [second])
    assert again.status == "success"
    assert set(visible()) == {"s1", "s2", "s3"}


def test_missing_scope_names_the_scope_and_the_other_streams_go_on(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """A stream the grant does not cover is an error with the scope's name, never an empty success."""

    def refuse_staff(_merchant: str, stream: str) -> None:
        if stream == "staff":
            raise MissingScope("corner: 403", "")

    till.sales["m1"] = [sale(1, minute=1)]
    till.fault = refuse_staff

    [outcome] = sync_live(corner, [link()])

    assert outcome.status == "partial"
    assert "STAFF" in str(outcome.error)
    assert visible() == ["s1"]
    [(status, message)] = corner.database.fetch("select status, error_message from pos.accounts")
    assert status == "error"
    assert "STAFF" in message


def test_revoked_grant_puts_the_account_in_error_with_what_to_do(
    corner: Services, till: CornerTill, link: Link
) -> None:
    """The connection goes out of service, says so in words and in an event, and comes back when it works again."""

    def revoke(_merchant: str, _stream: str) -> None:
        raise Unauthorised("corner: the merchant withdrew the authorization.")

    till.fault = revoke
    connection = link()

    [outcome] = sync_live(corner, [connection])

    assert outcome.status == "failed"
    [(status, message)] = corner.database.fetch("select status, error_message from pos.accounts")
    assert status == "error"
    assert "Link the till again" in message
    assert corner.database.fetch("select status, error_type from pos.connections") == [
        ("error", "authentication_failed")
    ]
    [(payload,)] = corner.database.fetch("select payload from pos.outbox where routing_key = 'pos.error'")
    assert (payload["error_type"], payload["consecutive_failures"]) == ("authentication_failed", 1)
    till.fault = lambda *_: None
    sync_live(corner, [connection])
    assert corner.database.fetch("select c.status, a.status from pos.connections c, pos.accounts a") == [
        ("active", "active")
    ]


def test_record_without_key_is_quarantined_once(corner: Services, till: CornerTill, link: Link) -> None:
    """A reject is kept with its reason and bytes; meeting it again changes nothing."""
    till.items = [Page([Record("i1", START, b'{"id":"i1"}')], rejects=[Reject("no usable key", b'{"nokey":1}')])]
    connection = link()

    [first] = sync_live(corner, [connection])
    sync_live(corner, [connection])

    assert (first.status, first.rejected) == ("partial", 1)
    assert corner.database.fetch("select stream, reason, payload from pos.quarantine") == [
        ("items", "no usable key", b'{"nokey":1}')
    ]


def test_record_postgres_cannot_store_is_set_aside_and_the_rest_is_loaded(
    corner: Services, till: CornerTill, link: Link, visible: Visible
) -> None:
    """A number no numeric holds and bytes that are not UTF-8 poison neither the load nor the neighbour."""
    bad = [Record("s1", START, b'{"n":1e999999}', "m1-shop"), Record("s2", START, b'{"n":"\xff"}', "m1-shop")]
    till.sales = {"m1": [*bad, sale(3, minute=1)], "m2": [sale(4, minute=1, merchant="m2")]}

    outcomes = sync_live(corner, [link("m1"), link("m2")])

    assert [(o.status, o.rejected) for o in outcomes] == [("partial", 2), ("success", 0)]
    assert visible() == ["s3", "s4"]
    assert {row[0] for row in corner.database.fetch("select object_id from pos.quarantine")} == {"s1", "s2"}


def test_escapes_jsonb_refuses_are_mended(corner: Services, till: CornerTill, link: Link) -> None:
    r"""A `\u0000` in a note does not cost the sale."""
    till.sales["m1"] = [Record("s1", START, rb'{"note":"a\u0000b"}', "m1-shop")]

    [outcome] = sync_live(corner, [link()])

    assert outcome.status == "success"
    assert corner.database.fetch("select payload ->> 'note' from raw_corner.sales") == [("a�b",)]


def test_load_without_commit_does_not_exist(
    corner: Services, till: CornerTill, link: Link, visible: Visible, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Death between the copy and the ledger: the rows are invisible and the next sync brings them, once."""
    till.sales["m1"] = [sale(n, minute=n) for n in range(3)]
    connection = link()

    class Died(BaseException):
        """Stands for a process that is gone."""

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(sync, "record_load", die)
        with pytest.raises(Died):
            sync_live(corner, [connection])
    assert corner.database.fetch("select count(*) from raw_corner.sales") == [(3,)]
    assert visible() == []

    sync_live(corner, [connection])

    assert visible() == ["s0", "s1", "s2"]
    statuses = corner.database.fetch("select status, error_type from pos.sync_logs order by sync_started_at")
    assert statuses == [("failed", "interrupted"), ("success", None)]


def test_failures_back_off_but_never_beyond_the_frequency(corner: Services, till: CornerTill, link: Link) -> None:
    """Temporary failures are tried again after 1, 2, 4, 8, then 15 minutes, and the account stays active."""

    def close(_merchant: str, _stream: str) -> None:
        raise ProviderUnavailable("corner: closed")

    till.fault = close
    connection = link()
    waits = []
    for _ in range(5):
        sync_live(corner, [connection])
        waits += corner.database.fetch(
            "select round(extract(epoch from next_sync_at - last_sync_at) / 60), status, error_count from pos.accounts"
        )

    assert waits == [(1, "active", 1), (2, "active", 2), (4, "active", 3), (8, "active", 4), (15, "active", 5)]


@pytest.mark.parametrize("stumble_over", [KeyError("objects"), RecursionError(), OSError("no route")])
def test_reader_that_stumbles_is_an_error_of_its_stream(
    corner: Services, till: CornerTill, link: Link, visible: Visible, stumble_over: Exception
) -> None:
    """An unforeseen shape in one stream is reported as such and takes nobody with it."""

    def stumble(_merchant: str, stream: str) -> None:
        if stream == "items":
            raise stumble_over

    till.sales["m1"] = [sale(1, minute=1)]
    till.fault = stumble

    [outcome] = sync_live(corner, [link()])

    assert (outcome.status, outcome.error.code) == ("partial", "unexpected_payload")
    assert visible() == ["s1"]


def test_refused_commit_leaves_everything_as_it_was(
    corner: Services, till: CornerTill, link: Link, visible: Visible, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres going away during the commit: no row exists, no watermark moved, and the sync says failed."""
    till.sales["m1"] = [sale(1, minute=1)]
    connection = link()

    def refuse(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(sync, "record_load", refuse)
        [outcome] = sync_live(corner, [connection])

    assert outcome.status == "failed"
    assert isinstance(outcome.error, WarehouseUnavailable)
    assert visible() == []
    assert corner.database.fetch("select count(*) from etl.watermarks") == [(0,)]
