"""What is tried again, how often and after how long."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from fakes.answers import answer
from fakes.door import OpenDoor

from pos_pipeline.errors import (
    MissingScope,
    NotFound,
    PipelineError,
    ProviderUnavailable,
    RateLimited,
    UnexpectedPayload,
)
from pos_pipeline.http.retry import Refused, RetryPolicy, retry_after_seconds

FOUND = b'{"payments":[1]}'
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_passing_refusal_is_tried_again(open_door: OpenDoor, status: int) -> None:
    """A refusal that time cures costs one more request, which is counted and permitted like any other."""
    door = open_door(answer(status, "{}"), answer(body=FOUND))

    assert door.api.get("/v2/payments") == FOUND
    assert door.api.requests_made == door.turnstile.acquired == len(door.pos.requests) == 2
    assert len(door.waits) == 1


@pytest.mark.parametrize(
    ("status", "expected"), [(400, UnexpectedPayload), (403, MissingScope), (404, NotFound), (410, UnexpectedPayload)]
)
def test_lasting_refusal_is_not_tried_again(open_door: OpenDoor, status: int, expected: type[PipelineError]) -> None:
    """Repeating a request the POS has understood and refused changes nothing."""
    door = open_door(answer(status, '{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"NOT_FOUND"}]}'))

    with pytest.raises(expected):
        door.api.get("/v2/payments")
    assert door.api.requests_made == 1


@pytest.mark.parametrize("fault", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_network_fault_is_tried_again(open_door: OpenDoor, fault: type[httpx.TransportError]) -> None:
    """A connection that fails, stalls or breaks is like a 503."""
    door = open_door(fault("the line is dead"), answer(body=FOUND))

    assert door.api.post("/v2/orders/search", {"limit": 1}) == FOUND


def test_tries_end(open_door: OpenDoor) -> None:
    """A POS that stays down is given up after six tries, with growing waits between them."""
    door = open_door(httpx.ConnectError("the line is dead"))

    with pytest.raises(ProviderUnavailable, match=r"GET /v2/payments to pos\.example got no answer \(ConnectError\)"):
        door.api.get("/v2/payments")
    assert door.api.requests_made == 6
    assert all(wait <= 0.5 * 2**tries for tries, wait in enumerate(door.waits))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=utf-8", "<html>Error 1101</html>"),
        ("text/plain", "upstream connect error or disconnect/reset before headers"),
        ("application/json", "<!doctype html>"),
    ],
)
@pytest.mark.parametrize("status", [200, 401, 403])
def test_body_that_is_not_json_is_tried_again(open_door: OpenDoor, status: int, content_type: str, body: str) -> None:
    """A page of a proxy, a plain text or a body cut short is not the POS's answer, whatever its status says."""
    foreign = answer(status, body, content_type=content_type)
    door = open_door(foreign, answer(body=FOUND))

    assert door.api.get("/v2/payments") == FOUND

    with pytest.raises(ProviderUnavailable, match=f"answered {status} with {len(body)} bytes of .* JSON is expected"):
        open_door(foreign).api.get("/v2/payments")


def test_success_without_a_body_is_tried_again(open_door: OpenDoor) -> None:
    """An empty list is `{}`; nothing at all is no answer."""
    assert open_door(answer(body=""), answer(body="{}")).api.get("/v2/payments") == b"{}"


@pytest.mark.parametrize("cut", [15, 20, 24])
def test_page_cut_short_is_asked_for_again(open_door: OpenDoor, cut: int) -> None:
    """Wherever a page breaks off, also right behind a brace, it is not taken; in the end its place is named."""
    whole = b'{"payments":[{"id":"p"},{}]}'
    broken = answer(body=whole[:cut])

    assert open_door(broken, answer(body=whole)).api.get("/v2/payments") == whole
    with pytest.raises(UnexpectedPayload, match=f"GET /v2/payments answered 200 with {cut} bytes of broken JSON"):
        open_door(broken).api.get("/v2/payments")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_the_least_wait(open_door: OpenDoor, status: int) -> None:
    """The POS is not asked again before the time it named."""
    door = open_door(answer(status, "{}", retry_after="17"), answer(body=FOUND))

    assert door.api.get("/v2/payments") == FOUND
    assert door.waits == [17.0]


def test_retry_after_beyond_patience_ends_the_tries(open_door: OpenDoor) -> None:
    """An hour is not waited for: the caller is told when to come back."""
    door = open_door(answer(429, "{}", retry_after="3600"))

    with pytest.raises(RateLimited) as raised:
        door.api.get("/v2/payments")
    assert raised.value.retry_after_seconds == 3600
    assert door.waits == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (format_datetime(NOW - timedelta(seconds=30), usegmt=True), 0.0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_forms(header: str | None, seconds: float | None) -> None:
    """Seconds and HTTP dates are understood, the past means now, nonsense means nothing."""
    assert retry_after_seconds(header, NOW) == seconds


def test_retry_after_date_is_in_the_clock_of_the_pos(open_door: OpenDoor) -> None:
    """A date is compared with the POS's own clock, so ours may be an hour off."""
    theirs = datetime.now(UTC) + timedelta(hours=1)
    door = open_door(
        answer(
            429,
            "{}",
            date=format_datetime(theirs, usegmt=True),
            retry_after=format_datetime(theirs + timedelta(seconds=20), usegmt=True),
        ),
        answer(body=FOUND),
    )
    door.api.get("/v2/payments")

    assert door.waits == [20.0]


def test_limit_stops_everybody(open_door: OpenDoor) -> None:
    """A 429 blocks the shared budget for the time the POS named, or for half a second when it named none."""
    door = open_door(answer(429, "{}", retry_after="3"), answer(429, "{}"), answer(503, "{}"), answer())
    door.api.get("/v2/payments")

    assert door.turnstile.blocks == [3.0, 0.5]


def test_total_time_is_bounded() -> None:
    """No wait begins that would end after the total time, however many attempts are left."""
    waits: list[float] = []
    policy = RetryPolicy(attempts=100, total_seconds=0.0, sleep=waits.append)

    def attempt() -> bytes:
        raise Refused(ProviderUnavailable("square: down"), 1.0)

    with pytest.raises(ProviderUnavailable):
        policy.run(attempt)
    assert waits == []
