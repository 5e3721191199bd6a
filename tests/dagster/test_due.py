from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from pos_pipeline.errors import ProviderUnavailable, Unauthorised
from pos_pipeline.orchestration.due import (
    ask_for_windows,
    claim_due,
    claim_windows,
    settle_live,
    settle_window,
    window_requests,
)
from pos_pipeline.provider import Window
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

Link = Callable[..., UUID]
Ask = Callable[..., UUID]
START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC)


def later(database: Database, table: str, **shift: int) -> None:
    """Let time pass for the columns of a table: all of them move back."""
    for column, hours in shift.items():
        database.fetch(f"update {table} set {column} = {column} - make_interval(hours => %s) returning 1", (hours,))


def test_due_account_is_claimed_once(corner: Services, link: Link) -> None:
    """What one tick has claimed, the next leaves alone."""
    connection = link()
    [claimed] = claim_due(corner.database, [])

    assert (claimed.key, claimed.connection_ids, claimed.is_asked) == ("corner:t-m1", (connection,), False)
    assert claim_due(corner.database, []) == []


def test_claim_whose_run_never_came_back_is_made_again(corner: Services, link: Link) -> None:
    """A claim is a lease: when it ends the account is due again, under another name."""
    link()
    [first] = claim_due(corner.database, [])
    later(corner.database, "pos.accounts", next_sync_at=1)
    [second] = claim_due(corner.database, [])

    assert second.key == first.key
    assert second.wish != first.wish


def test_accounts_of_one_tenant_are_one_wish(corner: Services, link: Link) -> None:
    """A tenant with two tills at one POS is claimed as one, with both connections."""
    first = link("m1")
    other = link("m2")
    corner.database.fetch(
        "update pos.connections set tenant_id = (select tenant_id from pos.connections where id = %s)"
        " where id = %s returning 1",
        (first, other),
    )
    [claimed] = claim_due(corner.database, [])

    assert set(claimed.connection_ids) == {first, other}


@pytest.mark.parametrize(
    "change",
    [
        "pos.accounts set sync_enabled = false",
        "pos.accounts set status = 'disconnected'",
        "pos.connections set status = 'error'",
        "pos.connections set status = 'disconnected'",
        "pos.accounts set next_sync_at = now() + interval '1 minute'",
    ],
)
def test_what_cannot_be_synced_is_not_due(corner: Services, link: Link, change: str) -> None:
    """Switched off, waiting for a person, disconnected or not yet: none of these is claimed."""
    link()
    corner.database.fetch(f"update {change} returning 1")

    assert claim_due(corner.database, []) == []


def test_account_in_error_stays_due_while_its_grant_works(corner: Services, link: Link) -> None:
    """A stream that lacks its scope puts the account in error; the shop's sales are read all the same."""
    link()
    corner.database.fetch("update pos.accounts set status = 'error' returning 1")

    assert [tenant.tenant_slug for tenant in claim_due(corner.database, [])] == ["t-m1"]


def test_rows_another_scheduler_holds_are_skipped(corner: Services, link: Link) -> None:
    """Two schedulers at the same moment share the work instead of waiting for each other."""
    link("m1")
    link("m2")
    with corner.database.transaction() as transaction:
        transaction.execute("select from pos.accounts where account_name = 'm1' for update")
        claimed = claim_due(corner.database, [])

    assert [tenant.tenant_slug for tenant in claimed] == ["t-m2"]


def test_request_waits_while_a_run_is_under_way(corner: Services, link: Link, ask: Ask) -> None:
    """A webhook during a sync is not lost in it: it is claimed once that run is over."""
    link_id = link()
    ask(link_id)

    assert claim_due(corner.database, ["corner:t-m1"]) == []
    [claimed] = claim_due(corner.database, [])
    assert claimed.is_asked


def test_asked_comes_before_due(corner: Services, link: Link, ask: Ask) -> None:
    """Somebody waits for a request; nobody waits for the clock."""
    link("m1")
    asked = link("m2")
    ask(asked)

    assert [tenant.tenant_slug for tenant in claim_due(corner.database, [])] == ["t-m2", "t-m1"]


def test_sync_answers_requests_made_before_it(corner: Services, link: Link, ask: Ask) -> None:
    """What was asked before the sync began is done; what was asked later is still to be done."""
    connection = link()
    before = ask(connection)
    claim_due(corner.database, [])
    started_at = datetime.now(UTC)
    after = ask(connection)
    settle_live(corner.database, connection, started_at, None, max_retries=3)

    states = dict(corner.database.fetch("select id, status from pos.sync_requests"))
    assert states == {before: "done", after: "pending"}


def test_retryable_request_is_tried_again_later_and_not_for_ever(corner: Services, link: Link, ask: Ask) -> None:
    """After a passing error a request is free again after a pause, so often as allowed, then failed."""
    request = ask(link(), (START, END))
    for _ in range(3):
        [claimed] = claim_windows(corner.database)
        settle_window(corner.database, claimed.request_id, ProviderUnavailable("corner: down"), max_retries=2)
        assert claim_windows(corner.database) == []
        later(corner.database, "pos.sync_requests", not_before=1)

    assert corner.database.fetch("select id, status, attempts, error_message from pos.sync_requests") == [
        (request, "failed", 3, "corner: down")
    ]


def test_request_that_needs_a_person_fails_at_once(corner: Services, link: Link, ask: Ask) -> None:
    """A revoked grant does not come back by waiting."""
    request = ask(link(), (START, END))
    claim_windows(corner.database)
    settle_window(corner.database, request, Unauthorised("corner: revoked"), max_retries=2)

    assert corner.database.fetch("select status from pos.sync_requests") == [("failed",)]
    assert window_requests(corner.database, [request]) == []


def test_sweep_asks_once_for_every_active_connection(corner: Services, link: Link) -> None:
    """Asking twice for the same window leaves one request per connection; a disconnected one gets none."""
    link("m1")
    link("m2")
    gone = link("m3")
    corner.database.fetch("update pos.connections set status = 'disconnected' where id = %s returning 1", (gone,))

    assert ask_for_windows(corner.database, Window(START, END), "sweep") == 2
    assert ask_for_windows(corner.database, Window(START, END), "sweep") == 0
