"""Receivers that keep failing are spared."""

import pytest

from pos_pipeline.sandbox.toast.backoff import Backoff

MINUTE = 60.0


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def backoff(clock: Clock) -> Backoff:
    """Minutes as they are."""
    return Backoff(MINUTE, clock)


def fail(backoff: Backoff, times: int) -> None:
    """So many failed attempts."""
    for _ in range(times):
        backoff.note("r", 500)


def test_fifty_failures_pause_a_receiver_for_a_minute(backoff: Backoff, clock: Clock) -> None:
    """Not fewer, not another receiver, and not longer."""
    fail(backoff, 49)
    before = backoff.is_quiet("r")
    fail(backoff, 1)
    states = [backoff.is_quiet("r"), backoff.is_quiet("other")]
    clock.now += MINUTE

    assert (before, states, backoff.is_quiet("r")) == (False, [True, False], False)


def test_failures_are_forgotten_after_five_minutes_and_successes_do_not_count(backoff: Backoff, clock: Clock) -> None:
    """Forty-nine old ones and as many new ones are no reason."""
    fail(backoff, 49)
    clock.now += 5 * MINUTE
    fail(backoff, 49)
    for _ in range(50):
        backoff.note("r", 200)

    assert not backoff.is_quiet("r")


def test_nine_pauses_within_ten_minutes_are_the_end(backoff: Backoff, clock: Clock) -> None:
    """Until it is started anew, with a clean record."""
    for _ in range(9):
        fail(backoff, 50)
        clock.now += MINUTE
    silent = backoff.is_quiet("r")
    clock.now += 1000 * MINUTE
    still = backoff.is_quiet("r")
    backoff.restart("r")
    fail(backoff, 49)

    assert (silent, still, backoff.is_quiet("r")) == (True, True, False)


def test_pauses_far_apart_are_forgiven(backoff: Backoff, clock: Clock) -> None:
    """Nine of them in an hour only pause."""
    for _ in range(9):
        fail(backoff, 50)
        clock.now += 2 * MINUTE

    assert not backoff.is_quiet("r")
