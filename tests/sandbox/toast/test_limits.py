"""Rate limits: fixed slices of the clock, one count per client and restaurant."""

from collections.abc import Iterator
from typing import Any

import pytest

from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from pos_pipeline.sandbox.toast.limits import MENUS, ORDERS_BULK, Limiter
from tests.sandbox.toast.client import Toast, restaurants
from tests.sandbox.toast.conftest import ANCHOR

HEADERS = ["x-toast-ratelimit-by", "x-toast-ratelimit-remaining", "x-toast-ratelimit-reset"]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_770_000_300.25

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    """Limits that follow it."""
    return Limiter(clock)


def test_twenty_requests_a_second_and_no_more(limiter: Limiter, clock: Clock) -> None:
    """The next slice of the clock begins anew, however late in the last one they came."""
    verdicts = [limiter.take("client:restaurant") for _ in range(21)]
    clock.now += 0.75
    later = limiter.take("client:restaurant")

    assert [verdict.is_allowed for verdict in verdicts] == [True] * 20 + [False]
    assert [verdict.remaining for verdict in verdicts[:3]] == [19, 18, 17]
    assert verdicts[-1].headers() == {
        "x-toast-ratelimit-by": "GLOBAL",
        "x-toast-ratelimit-remaining": "0",
        "x-toast-ratelimit-reset": "1770000301",
        "retry-after": "1",
    }
    assert later.is_allowed


def test_ten_thousand_requests_in_a_quarter_of_an_hour(limiter: Limiter, clock: Clock) -> None:
    """Then everything waits for the next quarter."""
    for _ in range(500):
        assert all(limiter.take("client:restaurant").is_allowed for _ in range(20))
        clock.now += 1
    refused = limiter.take("client:restaurant")

    assert (refused.is_allowed, refused.scope) == (False, "GLOBAL")
    assert refused.reset % 900 == 0
    assert refused.wait_seconds == 1_770_001_200 - int(clock.now)


@pytest.mark.parametrize(("limit", "allowed"), [(ORDERS_BULK, 5), (MENUS, 1)])
def test_endpoints_have_limits_of_their_own(limiter: Limiter, limit: Any, allowed: int) -> None:
    """Exhausted, they leave the other endpoints open; the answer tells the limit closest to exhaustion."""
    verdicts = [limiter.take("client:restaurant", limit) for _ in range(allowed + 1)]
    other = limiter.take("client:restaurant")

    assert [verdict.is_allowed for verdict in verdicts] == [True] * allowed + [False]
    assert {verdict.scope for verdict in verdicts} == {"ENDPOINT"}
    assert (other.is_allowed, other.scope) == (True, "GLOBAL")


def test_restaurants_do_not_slow_each_other(limiter: Limiter) -> None:
    """Each has its own count with each client."""
    while limiter.take("client:one").is_allowed:
        pass

    assert limiter.take("client:other").is_allowed
    assert limiter.take("another:one").is_allowed


class TestOverHttp:
    """The same as a client meets it."""

    @pytest.fixture
    def sandbox(self, limiter: Limiter) -> Iterator[Sandbox]:
        """A cloud with its limits on, as by default, whose clock stands still."""
        with running_sandbox(anchor=ANCHOR, days=1, sales_per_day=5, merchants=(CAFES,)) as running:
            cloud: Any = running.clouds["toast"]
            cloud.limiter = limiter
            yield running

    def test_every_answer_tells_what_is_left(self, toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
        """Of a restaurant, of the address where there is none, and of errors."""
        [guid, *_] = restaurants(merchants["cafes"])
        answers = [
            toast.get("/menus/v2/metadata", guid),
            toast.get("/partners/v1/restaurants"),
            toast.get("/orders/v2/orders/x", guid),
        ]

        assert [answer.status_code for answer in answers] == [200, 200, 400]
        for answer in answers:
            assert all(answer.headers[name] for name in HEADERS)

    def test_too_many_are_refused_until_the_reset(self, toast: Toast, merchants: dict[str, dict[str, Any]]) -> None:
        """429 with the headers, and with Retry-After."""
        guid = restaurants(merchants["cafes"])[1]
        served, refused = (toast.get("/menus/v2/menus", guid) for _ in range(2))

        assert (served.status_code, refused.status_code) == (200, 429)
        assert refused.headers["x-toast-ratelimit-by"] == "ENDPOINT"
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["status"] == 429
