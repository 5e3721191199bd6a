"""Windows of requests, and what goes wrong by switch."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from pos_pipeline.sandbox import Sandbox, running_sandbox
from pos_pipeline.sandbox.lightspeed.limiter import Limiter
from pos_pipeline.sandbox.shop.merchants import CADENA, PANADERIA
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.reading import Retailer, open_retailer


@pytest.fixture
def limited() -> Iterator[Sandbox]:
    """Limits in force, and the limiter's clock in the first window of 2026."""
    with running_sandbox(anchor=ANCHOR, days=12, sales_per_day=3, merchants=(PANADERIA, CADENA)) as sandbox:
        start = datetime(2026, 1, 1, 0, 3, tzinfo=UTC).timestamp()
        sandbox.clouds["lightspeed"].limiter._clock = lambda: start
        yield sandbox


def test_a_window_allows_so_many_requests(limited: Sandbox) -> None:
    """300 for each of two registers and 50; then 429 until the window's end, said as an HTTP date."""
    with open_retailer(limited, "panaderia") as retailer:
        answers = [retailer.get("outlets") for _ in range(651)]

    assert Counter(answer.status_code for answer in answers) == {200: 650, 429: 1}
    assert (answers[0].headers["x-ratelimit-limit"], answers[0].headers["x-ratelimit-remaining"]) == ("650", "649")
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert answers[-1].headers["retry-after"] == "Thu, 01 Jan 2026 00:05:00 GMT"
    assert answers[-1].json() == {"error": "Too Many Requests", "message": "Rate limiting enforced"}
    assert "retry-after" not in answers[0].headers


def test_retailers_and_windows_count_apart(limited: Sandbox) -> None:
    """Eleven shops in business with two registers each have 6650; one that closed adds nothing."""
    with open_retailer(limited, "panaderia") as small, open_retailer(limited, "cadena") as large:
        for _ in range(3):
            small.get("outlets")
        remaining = [one.get("outlets").headers["x-ratelimit-remaining"] for one in (small, large)]
        limited.clouds["lightspeed"].limiter._clock = lambda: datetime(2026, 1, 1, 0, 5, tzinfo=UTC).timestamp()
        afterwards = small.get("outlets").headers["x-ratelimit-remaining"]

    assert (remaining, afterwards) == (["646", "6649"], "649")


def test_limits_can_be_left_out(cafes: Retailer) -> None:
    """Then there are no headers either."""
    assert "x-ratelimit-limit" not in cafes.get("outlets").headers


def test_a_window_begins_at_a_multiple_of_its_length() -> None:
    """Not at the first request."""
    now = [899.0]
    limiter = Limiter(300.0, clock=lambda: now[0])
    last = limiter.take("a", 2)
    now[0] = 900.0
    first = limiter.take("a", 2)

    assert (last.resets_at, last.remaining) == (900.0, 1)
    assert (first.resets_at, first.remaining) == (1200.0, 1)


def test_injected_limits_are_dates_too(sandbox: Sandbox, cafes: Retailer) -> None:
    """A second away, or as far as the switch says."""
    sandbox.faults(rate_limit=1, retry_after_seconds=120)
    answer = cafes.get("outlets")
    wait = parsedate_to_datetime(answer.headers["retry-after"]) - datetime.now(UTC)

    assert answer.status_code == 429
    assert 100 < wait.total_seconds() <= 121


def test_faults_repeat_with_their_seed(sandbox: Sandbox, cafes: Retailer) -> None:
    """The same switches give the same answers to the same sequence of requests."""
    runs = []
    for seed in (7, 7, 8):
        sandbox.faults(rate_limit=0.2, server_error=0.2, html=0.1, malformed=0.1, seed=seed)
        answers = [cafes.get("outlets") for _ in range(50)]
        runs.append([(answer.status_code, answer.headers["content-type"], answer.content) for answer in answers])

    assert runs[0] == runs[1] != runs[2]
    assert {200, 429} <= {status for status, _, _ in runs[0]}
    assert {"application/json", "text/html; charset=utf-8"} == {kind for _, kind, _ in runs[0]}


def test_malformed_json_is_cut_short(sandbox: Sandbox, cafes: Retailer) -> None:
    """200 with half a body."""
    sandbox.faults(malformed=1)
    answer = cafes.get("sales")

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


def test_only_opaque_cursors_die(sandbox: Sandbox, cafes: Retailer) -> None:
    """A version never does; a place in the categories does."""
    page = cafes.read("product_categories", page_size=2)
    cursor = page["page_info"]["last_seen"]
    alive = cafes.get("product_categories", after=cursor, page_size=2).status_code
    version = cafes.read("sales", page_size=1)["version"]["max"]
    sandbox.faults(expire_cursors=True)
    dead = cafes.get("product_categories", after=cursor, page_size=2)

    assert (alive, dead.status_code) == (200, 422)
    assert cafes.get("sales", after=version).status_code == 200


def test_requests_are_counted_by_path(sandbox: Sandbox, cafes: Retailer) -> None:
    """Without the retailer's address, so that tests can name them."""
    sandbox.requests(reset=True)
    cafes.get("sales")
    cafes.get("sales/none")

    assert sandbox.requests()["lightspeed"] == {"GET /api/2.0/sales": 1, "GET /api/2.0/sales/{sale_id}": 1}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "nothing", 404), ("DELETE", "sales", 405)])
def test_unknown_routes_answer_in_json(cafes: Retailer, method: str, path: str, status: int) -> None:
    """404 and 405 with errors."""
    answer = cafes.http.request(method, f"/api/2.0/{path}")

    assert answer.status_code == status
    assert answer.json()["errors"]["global"]
