"""Opens doors to a POS that gives a test's answers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fakes.answers import Answer, Answers
from fakes.door import Door, OpenDoor, Purse, Turnstile

from pos_pipeline.http import Caller, HttpApi, RetryPolicy
from pos_pipeline.http.client import new_client
from pos_pipeline.providers.square.errors import explain


@pytest.fixture
def open_door() -> Iterator[OpenDoor]:
    """A door to a POS that gives these answers in turn, the last one for ever."""
    with ExitStack() as clients:

        def open_(*answers: Answer, base_url: str = "https://pos.example", max_body_bytes: int = 10_000) -> Door:
            pos, purse, turnstile, waits = Answers(*answers), Purse(), Turnstile(), []
            caller = Caller(
                "square",
                base_url,
                {"Square-Version": "2026-09-16"},
                explain,
                client=clients.enter_context(new_client(pos)),
                policy=RetryPolicy(sleep=waits.append),
                max_body_bytes=max_body_bytes,
            )
            return Door(HttpApi(caller, purse, turnstile), pos, purse, turnstile, waits)

        yield open_
