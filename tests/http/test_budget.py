"""One bucket in Postgres for all processes of a connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, current_thread, main_thread
from typing import Any

import psycopg
import pytest

from pos_pipeline.errors import RateLimited
from pos_pipeline.http.budget import SharedBudget
from pos_pipeline.provider import Budget
from pos_pipeline.warehouse.database import Database

KEY = "square:c1"
NEVER = 1e-9
"""Tokens a second: what is taken does not come back while the test runs."""


class NoTokenError(Exception):
    """Instead of waiting."""


def give_up(_seconds: float) -> None:
    """Stand in for sleeping."""
    raise NoTokenError


def taken(budget: SharedBudget) -> int:
    """How many permits there are until one has to be waited for."""
    count = 0
    try:
        while True:
            budget.acquire()
            count += 1
    except (NoTokenError, RateLimited):
        return count


@pytest.fixture
def budget_of(database: Database) -> Callable[..., SharedBudget]:
    """A caller of KEY, as another process would be."""

    def of(capacity: int = 20, per_second: float = NEVER, *, key: str = KEY, background: bool = False) -> SharedBudget:
        return SharedBudget(database, key, Budget(capacity, per_second), background=background, sleep=give_up)

    return of


def test_processes_share_one_bucket(budget_of: Callable[..., SharedBudget]) -> None:
    """What one process takes is gone for another with the same key, and for nobody else."""
    first, second, stranger = budget_of(), budget_of(), budget_of(key="square:c2")
    for _ in range(15):
        first.acquire()

    assert taken(second) == 5
    assert taken(stranger) == 20


def test_concurrent_callers_never_take_more_than_there_is(budget_of: Callable[..., SharedBudget]) -> None:
    """Eight callers at once get exactly the bucket between them."""
    with ThreadPoolExecutor(8) as callers:
        counts = list(callers.map(lambda _: taken(budget_of(capacity=50)), range(8)))

    assert sum(counts) == 50


def test_caller_that_stands_still_in_a_lease_holds_nobody_up(
    budget_of: Callable[..., SharedBudget], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process stopped before it has read its lease has its token, and not the bucket."""
    is_leasing, may_go_on = Event(), Event()
    execute = psycopg.Connection.execute

    def stand_still(*arguments: Any, **options: Any) -> Any:
        answer = execute(*arguments, **options)
        if current_thread() is not main_thread():
            is_leasing.set()
            assert may_go_on.wait(60)
        return answer

    budget_of().acquire()
    monkeypatch.setattr(psycopg.Connection, "execute", stand_still)
    joint = "&" if "?" in database.url else "?"
    impatient = Database(f"{database.url}{joint}options=-c%20lock_timeout%3D5s")
    with ThreadPoolExecutor(1) as callers:
        stopped = callers.submit(budget_of().acquire)
        try:
            assert is_leasing.wait(60)
            left = taken(SharedBudget(impatient, KEY, Budget(20, NEVER), sleep=give_up))
        finally:
            may_go_on.set()
            impatient.close()
        stopped.result()

    assert left == 18


def test_background_leaves_half_to_live_callers(budget_of: Callable[..., SharedBudget]) -> None:
    """History may only take the upper half; a live sync that comes later finds the rest."""
    assert taken(budget_of(background=True)) == 10
    assert taken(budget_of()) == 10
    assert taken(budget_of(background=True)) == 0


def test_block_stops_every_process(budget_of: Callable[..., SharedBudget], database: Database) -> None:
    """After one process met a 429, no other makes a request, until the block is over."""
    first, second = budget_of(), budget_of()
    first.acquire()
    first.block(60)

    assert taken(second) == 0

    database.fetch("update pos.rate_budgets set blocked_until = clock_timestamp() returning key")
    assert taken(second) == 19


def test_shorter_block_does_not_end_a_longer_one(budget_of: Callable[..., SharedBudget], database: Database) -> None:
    """Two 429s that overlap: the later end counts."""
    budget = budget_of()
    budget.acquire()
    budget.block(60)
    budget.block(1)

    assert database.fetch("select blocked_until > now() + interval '50 seconds' from pos.rate_budgets") == [(True,)]


def test_refusals_are_counted(budget_of: Callable[..., SharedBudget], database: Database) -> None:
    """Each 429 counts once, whoever met it, also when it prolongs nothing."""
    first, second = budget_of(), budget_of()
    first.acquire()
    for budget, seconds in ((first, 60), (second, 1), (first, 1)):
        budget.block(seconds)

    assert database.fetch("select refusals from pos.rate_budgets") == [(3,)]


def test_bucket_refills_with_time_and_not_beyond_its_size(
    budget_of: Callable[..., SharedBudget], database: Database
) -> None:
    """Tokens come back at the rate, up to the capacity."""
    budget = budget_of(per_second=0.5)
    assert taken(budget) == 20

    for seconds, expected in ((10, 5), (10_000, 20)):
        database.fetch(
            "update pos.rate_budgets set tokens = 0, refilled_at = clock_timestamp() - make_interval(secs => %s) "
            "returning key",
            (seconds,),
        )
        assert taken(budget) == expected


def test_lease_takes_several_tokens_with_one_statement(
    budget_of: Callable[..., SharedBudget], database: Database
) -> None:
    """At 50 a second ten requests cost one UPDATE."""
    budget = budget_of(capacity=200, per_second=50)
    budget.acquire()

    assert database.fetch("select tokens from pos.rate_budgets") == [(190.0,)]
    for _ in range(9):
        budget.acquire()
    assert database.fetch("select tokens from pos.rate_budgets") == [(190.0,)]


def test_waiting_has_an_end(budget_of: Callable[..., SharedBudget]) -> None:
    """A wait that is not worth it becomes an error that says when to come back."""
    budget = budget_of()
    budget.acquire()
    budget.block(3600)

    with pytest.raises(RateLimited, match="square:c1: no request may be made for another 3600 s") as raised:
        budget.acquire()
    assert raised.value.retry_after_seconds == pytest.approx(3600, abs=5)
