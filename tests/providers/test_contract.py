"""What every POS has to hold, asked of each against its own simulated cloud.

A new provider needs nothing here: its folder and its cloud make it appear. Where one differs from the
others in what can go wrong at it, `TROUBLES` says how.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from rig.books import assert_reconciled
from rig.job import Place
from rig.tills import Tills
from rig.worker import Worker

from pos_pipeline.errors import MissingScope, Unauthorised
from pos_pipeline.extract import sync_window
from pos_pipeline.provider import Grant, Provider, Window
from pos_pipeline.providers import load_providers
from pos_pipeline.sandbox.faults import Fault

SHOPS_OF_CAFES = 3
LATENCY_MS = 30
"""Added to every answer under faults; 200 is what a real day may bring, and only makes the test longer."""
ONE_DAY = timedelta(days=1)
SWEPT = timedelta(days=4)
OpenTills = Callable[..., Tills]


@dataclass(frozen=True)
class Troubles:
    """What can go wrong at one provider, and how it is asked."""

    switches: Mapping[str, Any] = field(default_factory=dict)
    """Faults only its cloud knows."""
    seen: frozenset[str] = frozenset({"rate limits", "breakdowns", "new tokens"})
    """What must have been met by the end of an import and four syncs under faults."""
    is_swept: bool = False
    """Whether all is told only by the nightly second look at the last days."""
    asked_by_shop: int = 0
    """Streams of sales whose lists hold one shop each."""


TROUBLES = {
    "square": Troubles(
        {"expire_cursors": 1},
        frozenset({"rate limits", "breakdowns", "new tokens", "dead cursors"}),
        asked_by_shop=1,
    ),
    # A refund that leaves its order's time of modification alone is found by its date within the hour; how much of it
    # was tax stands on the order, which is read again at night.
    "toast": Troubles({"silent_refunds": True, "mutate_during_scan": 3}, is_swept=True, asked_by_shop=1),
    "lightspeed": Troubles({"search_lag_seconds": 120.0}),
}
"""A provider that is not here has none of its own."""


@pytest.fixture(params=sorted(load_providers()))
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return load_providers()[request.param]


@pytest.fixture
def troubles(provider: Provider) -> Troubles:
    """What can go wrong at it."""
    return TROUBLES.get(provider.name, Troubles())


@pytest.fixture
def tills(tills_of: OpenTills, provider: Provider) -> Tills:
    """Two merchants of the provider, one with three shops in two time zones; some lists need several pages."""
    return tills_of(provider.name, sales_per_day=45.0)


def import_by_days(tills: Tills) -> None:
    """History as a backfill of many small windows reads it."""
    start, end = tills.history.start, tills.history.end
    days = itertools.takewhile(lambda day: day < end, (start + n * ONE_DAY for n in itertools.count()))
    for day in days:
        for connection_id in tills.ids():
            outcome = sync_window(tills.services, connection_id, Window(day, min(day + ONE_DAY, end)))
            assert outcome.status == "success", outcome.error


def live_on(tills: Tills, rounds: int = 3) -> None:
    """Sales, refunds, voids and late edits, each time followed by a sync."""
    for _ in range(rounds):
        tills.sandbox.advance(sales=15)
        assert {outcome.status for outcome in tills.sync()} == {"success"}
    tills.sandbox.advance(hours=30)
    assert {outcome.status for outcome in tills.sync()} == {"success"}


def look_again(tills: Tills) -> None:
    """What the nightly sweep does."""
    for connection_id in tills.ids():
        window = Window(tills.present - SWEPT, tills.present)
        assert sync_window(tills.services, connection_id, window, resume=False).status == "success"


def test_marts_equal_the_till(tills: Tills) -> None:
    """Linked by consent, imported, synced and modelled, every shop and day equals the till's own ledger."""
    tills.link("panaderia")
    tills.link("cafes")
    assert {outcome.status for outcome in tills.import_history()} == {"success"}
    tills.transform()
    assert_reconciled(tills.services.database, tills.truth())

    live_on(tills)
    tills.transform()

    assert_reconciled(tills.services.database, tills.truth())


def test_faults_change_nothing(tills: Tills, troubles: Troubles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals, breakdowns, waits, tokens and cursors that die between two pages: the same figures."""
    tills.link("panaderia")
    tills.link("cafes")
    injected = watch_faults(tills, monkeypatch)
    tills.sandbox.faults(
        rate_limit=0.05,
        server_error=0.01,
        latency_ms=LATENCY_MS,
        expire_tokens_after_requests=9,
        seed=15,
        **troubles.switches,
    )

    import_by_days(tills)
    live_on(tills)
    if troubles.is_swept:
        look_again(tills)
    tills.transform()

    assert set(+injected) == troubles.seen
    assert_reconciled(tills.services.database, tills.truth())


def test_two_processes_at_one_till(tills: Tills, worker: Worker) -> None:
    """While one process reads a merchant another one yields at once; the figures are those of one reading."""
    tills.link("panaderia")
    tills.sandbox.advance(sales=15)

    held = worker.hold(tills.job(tills.history_step(), tills.live_step()), Place("extract", 2, "after page"))
    [import_beside] = tills.import_history()
    [first] = tills.sync()
    finished = worker.go_on()

    assert held.stopped
    assert (import_beside.status, first.status) == ("busy", "success")
    assert finished.statuses == ["success", "success"]
    tills.transform()
    assert_reconciled(tills.services.database, tills.truth())


def test_live_sync_is_yielded_to(tills: Tills, worker: Worker) -> None:
    """A live sync that finds another one at work says busy, and brings nothing a second time afterwards."""
    tills.link("panaderia")
    tills.sandbox.advance(sales=15)

    held = worker.hold(tills.job(tills.live_step()), Place("extract", 1, "after page"))
    [beside] = tills.sync()
    finished = worker.go_on()
    [after] = tills.sync()

    assert held.stopped
    assert (beside.status, beside.requests_made) == ("busy", 0)
    assert finished.statuses == ["success"]
    assert (after.status, set(after.rows.values())) == ("success", {0})


def test_withdrawn_grant_stops_one_merchant_only(tills: Tills) -> None:
    """The merchant who withdrew is in error and is told what to do; the other's sales go on; relinking heals."""
    tills.link("panaderia")
    tills.link("cafes")
    tills.import_history("cafes")
    tills.sandbox.advance(sales=15)

    tills.sandbox.revoke("panaderia")
    withdrawn, *others = tills.sync()
    tills.transform()

    assert (withdrawn.status, type(withdrawn.error)) == ("failed", Unauthorised)
    assert {outcome.status for outcome in others} == {"success"}
    [(status, message)] = accounts_of(tills, "panaderia")
    assert status == "error"
    assert "Link the till again" in message
    assert {status for status, _ in accounts_of(tills, "cafes")} == {"active"}
    assert error_types(tills) == [Unauthorised.code]
    assert_reconciled(tills.services.database, tills.truth("cafes"))

    relink(tills, "panaderia")
    tills.import_history("panaderia")
    assert {outcome.status for outcome in tills.sync()} == {"success"}
    tills.transform()
    assert {status for status, _ in accounts_of(tills, "panaderia")} == {"active"}
    assert_reconciled(tills.services.database, tills.truth())


def test_missing_scope_is_named(tills: Tills, provider: Provider) -> None:
    """A grant that does not cover the sales is an error naming the scope, never a day without sales."""
    [sales] = [stream for stream in provider.streams if stream.counts_as_transactions]
    tills.link("panaderia", without_scope=sales.scope)
    tills.link("cafes")

    lacking, *others = tills.sync()

    assert (lacking.status, {other.status for other in others}) == ("partial", {"success"})
    assert isinstance(lacking.error, MissingScope)
    assert lacking.error.scope == sales.scope
    [(status, message)] = accounts_of(tills, "panaderia")
    assert status == "error"
    assert sales.scope in message
    assert error_types(tills) == ["missing_scope"]


def test_quiet_sync_asks_once(tills: Tills, provider: Provider, troubles: Troubles) -> None:
    """With nothing new each stream is asked for once, or once a shop where the POS lists shops one by one."""
    tills.link("cafes")
    tills.sync()
    tills.sandbox.requests(reset=True)

    quiet = tills.sync()

    asked = tills.sandbox.requests()[provider.name]
    due = [stream for stream in provider.streams if not stream.refresh_after]
    assert {outcome.status for outcome in quiet} == {"success"}
    assert {rows for outcome in quiet for rows in outcome.rows.values()} == {0}
    by_merchant = len(due) - troubles.asked_by_shop
    assert sorted(asked.values()) == [1] * by_merchant + [SHOPS_OF_CAFES] * troubles.asked_by_shop
    assert sum(outcome.requests_made for outcome in quiet) == sum(asked.values())


def watch_faults(tills: Tills, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what the cloud really does to us, from now on."""
    injected: Counter[str] = Counter()
    faults, provider = tills.sandbox.clouds[tills.provider].faults, tills.services.providers[tills.provider]
    decide, cursor_used, refresh = faults.decide, faults.cursor_used, provider.refresh

    def count_decision() -> Fault | None:
        fault = decide()
        if fault:
            injected["rate limits" if fault.status == HTTPStatus.TOO_MANY_REQUESTS else "breakdowns"] += 1
        return fault

    def count_cursor() -> bool:
        dies = cursor_used()
        injected["dead cursors"] += dies
        return dies

    def count_refresh(*arguments: Any) -> Grant:
        injected["new tokens"] += 1
        return refresh(*arguments)

    monkeypatch.setattr(faults, "decide", count_decision)
    monkeypatch.setattr(faults, "cursor_used", count_cursor)
    monkeypatch.setattr(provider, "refresh", count_refresh)
    return injected


def accounts_of(tills: Tills, merchant: str) -> list[tuple[str, str]]:
    """Status and message of every shop."""
    query = "select status, error_message from pos.accounts where connection_id = any(%s)"
    return [(status, message) for status, message in tills.services.database.fetch(query, (tills.ids(merchant),))]


def error_types(tills: Tills) -> list[str]:
    """What kind of errors other services were told."""
    rows = tills.services.database.fetch(
        "select distinct payload ->> 'error_type' from pos.outbox where routing_key = 'pos.error'"
    )
    return [kind for (kind,) in rows]


def relink(tills: Tills, merchant: str) -> None:
    """The merchant consents once more, to the same tenant."""
    tills.consent(merchant, tills.connections[merchant][0].tenant_id)
