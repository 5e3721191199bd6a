"""The loopback end of an OAuth redirect."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from pos_pipeline.commands._callback import Callback
from pos_pipeline.errors import InvalidRequest, Unauthorised

AUTHORIZE = "https://pos.example/oauth2/authorize?client_id=app&state=right"


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback(0) as opened:
        yield opened


def visits(callback: Callback, *queries: str) -> list[int]:
    """Statuses a browser sees that asks for these, one after another, while the test waits for the answer."""
    statuses: list[int] = []

    def browse() -> None:
        statuses.extend(httpx.get(f"{callback.redirect_uri}{query}").status_code for query in queries)

    threading.Thread(target=browse, daemon=True).start()
    return statuses


def test_the_code_comes_back_with_its_state(callback: Callback) -> None:
    """What the POS sends to the redirect address is what the link is completed with."""
    visits(callback, "?code=c1&state=right")

    assert callback.wait(AUTHORIZE, 10) == {"state": "right", "code": "c1"}


def test_another_pages_answer_is_refused_and_the_wait_goes_on(callback: Callback) -> None:
    """A wrong state, no state, and another path change nothing; the right one still counts."""
    statuses = visits(
        callback, "?code=evil&state=wrong", "?code=evil", "/other?code=evil&state=right", "?code=c1&state=right"
    )

    assert callback.wait(AUTHORIZE, 10) == {"state": "right", "code": "c1"}
    assert statuses[:3] == [400, 400, 404]


def test_a_merchant_may_decline(callback: Callback) -> None:
    """The refusal ends the wait at once, with the reason the POS gave."""
    visits(callback, "?error=access_denied&state=right")

    with pytest.raises(Unauthorised, match="consent was not given \\(access_denied\\)"):
        callback.wait(AUTHORIZE, 10)


def test_nobody_answers(callback: Callback) -> None:
    """The wait has an end."""
    with pytest.raises(Unauthorised, match="nobody answered"):
        callback.wait(AUTHORIZE, 0)


def test_a_taken_port_is_told(callback: Callback) -> None:
    """The message names the port and the option that changes it."""
    port = int(callback.redirect_uri.split(":")[2].split("/")[0])

    with pytest.raises(InvalidRequest, match=f"port {port} on 127.0.0.1 .* --port"):
        Callback(port)
