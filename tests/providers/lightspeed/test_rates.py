"""A 429 of Lightspeed's, which says when to come back as a date."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fakes.answers import Answer, Answers, answer
from fakes.door import Purse, Turnstile

from pos_pipeline.errors import RateLimited
from pos_pipeline.http import Caller, HttpApi, RetryPolicy
from pos_pipeline.http.client import new_client
from pos_pipeline.providers.lightspeed import PROVIDER

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOO_MANY = '{"error": "Too Many Requests", "message": "Rate limiting enforced"}'
EMPTY = b'{"data":[],"version":{"min":null,"max":null}}'


def http_date(moment: datetime) -> str:
    """A moment in HTTP's words."""
    return format_datetime(moment, usegmt=True)


class Till:
    """A door to a shop that gives these answers, and what happened at it."""

    def __init__(self, *answers: Answer) -> None:
        self.waits: list[float] = []
        self.turnstile = Turnstile()
        self.client = new_client(Answers(*answers))
        caller = Caller(
            "lightspeed",
            "https://panaderia-sol.retail.lightspeed.example",
            {},
            PROVIDER.explain,
            client=self.client,
            policy=RetryPolicy(sleep=self.waits.append),
            reset_header=PROVIDER.rate_reset_header,
        )
        self.api = HttpApi(caller, Purse(), self.turnstile)


@pytest.fixture
def tills() -> Iterator[list[Till]]:
    """Opened by a test; closed here."""
    opened: list[Till] = []
    yield opened
    for till in opened:
        till.client.close()


def test_date_is_waited_for_by_the_clock_of_the_pos(tills: list[Till]) -> None:
    """Everybody with this connection waits until the window ends, however wrong our own clock is."""
    refusal = answer(429, TOO_MANY, retry_after=http_date(NOW + timedelta(seconds=41)), date=http_date(NOW))
    tills.append(till := Till(refusal, answer(body=EMPTY)))

    assert till.api.get("/api/2.0/sales", {"after": 0, "page_size": 500}) == EMPTY
    assert till.turnstile.blocks == [41.0]
    assert till.waits == [41.0]


def test_window_that_ends_late_is_not_waited_for(tills: list[Till]) -> None:
    """Almost five minutes are beyond a request's patience: the sync comes back when it is told to."""
    refusal = answer(429, TOO_MANY, retry_after=http_date(NOW + timedelta(seconds=290)), date=http_date(NOW))
    tills.append(till := Till(refusal))

    with pytest.raises(RateLimited) as raised:
        till.api.get("/api/2.0/sales")
    assert raised.value.retry_after_seconds == 290.0
    assert till.waits == []


def test_token_endpoint_says_it_in_seconds(tills: list[Till]) -> None:
    """Where there is no Retry-After, `X-RateLimit-Reset` names the end of the window."""
    headers = {"X-RateLimit-Reset": str(int((NOW + timedelta(seconds=7)).timestamp())), "date": http_date(NOW)}
    tills.append(till := Till(answer(429, TOO_MANY, **headers), answer(body=EMPTY)))

    till.api.get("/api/2.0/sales")

    assert till.waits == [7.0]
