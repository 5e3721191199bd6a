"""A sandbox that starts again is the one that stopped, to the byte."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pos_pipeline.errors import InvalidRequest, Misconfigured
from pos_pipeline.sandbox import CloudOptions, Sandbox, open_sandbox, running_sandbox
from pos_pipeline.sandbox.home import FILE_NAME, is_remembered
from pos_pipeline.sandbox.shop.merchants import CAFES, PANADERIA
from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET
from tests.sandbox import reading
from tests.sandbox.conftest import ANCHOR
from tests.sandbox.consenting import REDIRECT, consent

SMALL: dict[str, Any] = {"anchor": ANCHOR, "days": 6, "sales_per_day": 10, "merchants": (CAFES,)}


def everything(sandbox: Sandbox) -> tuple[bytes, ...]:
    """Every payment, order and refund of the cafés as bytes, and the truth."""
    merchant = sandbox.merchants("square")[0]
    with httpx.Client(base_url=sandbox.base_url(), timeout=30) as http:
        lists = (reading.payments(http, merchant), reading.orders(http, merchant), reading.refunds(http, merchant))
    return tuple(json.dumps(rows).encode() for rows in (*lists, sandbox.truth()))


def act(sandbox: Sandbox) -> None:
    """Some life after the history."""
    sandbox.advance(hours=9)
    sandbox.advance(sales=15)
    sandbox.advance(hours=30)


def test_the_same_seed_and_actions_give_the_same_bytes() -> None:
    """Two sandboxes that never met answer alike; another seed does not."""
    seen = []
    for seed in (3, 3, 4):
        with running_sandbox(seed=seed, **SMALL) as sandbox:
            act(sandbox)
            seen.append(everything(sandbox))

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_what_has_not_changed_reads_the_same() -> None:
    """An object whose updated_at stayed where it was is the same to the byte, rendered afresh."""
    uncached = CloudOptions(body_cache_bytes=0)
    with running_sandbox(cloud_options=uncached, **(SMALL | {"days": 25, "sales_per_day": 40})) as sandbox:
        before = versions(sandbox)
        act(sandbox)
        after = versions(sandbox)

    assert len(before.keys() & after.keys()) > 1000
    assert [key for key in before.keys() & after.keys() if before[key] != after[key]] == []


def versions(sandbox: Sandbox) -> dict[tuple[str, str], str]:
    """Every object's text by its id and change time."""
    rows = [row for part in everything(sandbox)[:3] for row in json.loads(part)]
    return {(row["id"], row["updated_at"]): json.dumps(row) for row in rows}


def test_a_restart_replays_the_actions(tmp_path: Path) -> None:
    """Stopped and started over the same home, everything is as it was, without being told the options again."""
    with running_sandbox(home=tmp_path, **SMALL) as sandbox:
        act(sandbox)
        before = everything(sandbox)
    with running_sandbox(home=tmp_path) as sandbox:
        after = everything(sandbox)

    assert after == before


def test_authorizations_survive_a_restart(tmp_path: Path) -> None:
    """Tokens got by OAuth keep working, refresh tokens too."""
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    with running_sandbox(home=tmp_path, **SMALL) as sandbox:
        code = consent(sandbox, scope="MERCHANT_PROFILE_READ")["code"]
        tokens = httpx.post(
            f"{sandbox.base_url()}/oauth2/token",
            json=body | {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT},
        ).json()
    with running_sandbox(home=tmp_path) as sandbox:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        read = httpx.get(f"{sandbox.base_url()}/v2/locations", headers=headers)
        renewed = httpx.post(
            f"{sandbox.base_url()}/oauth2/token",
            json=body | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        )

    assert (read.status_code, renewed.status_code) == (200, 200)


def test_another_world_does_not_move_in(tmp_path: Path) -> None:
    """A home refuses options that contradict what it holds, and names them."""
    open_sandbox(home=tmp_path, **SMALL)

    with pytest.raises(InvalidRequest, match="another seed"):
        open_sandbox(home=tmp_path, seed=9)


@pytest.mark.parametrize("content", [b"{", b'{"world": 1}'])
def test_a_damaged_home_is_named(tmp_path: Path, content: bytes) -> None:
    """The message says which file to remove."""
    (tmp_path / FILE_NAME).write_bytes(content)

    with pytest.raises(Misconfigured, match=FILE_NAME):
        open_sandbox(home=tmp_path)


def test_a_live_world_keeps_up_with_the_clock() -> None:
    """Without an anchor the history ends now, and sales rung up happen between then and now."""
    sandbox = open_sandbox(days=2, sales_per_day=5, merchants=(CAFES,))
    start = sandbox.world.now
    sandbox.advance(sales=3)
    rung = [sale for sale in sandbox.world.merchants["cafes"].sales if sale.is_rung]

    assert len(rung) == 3
    assert all(sale.changed_at <= sandbox.world.now for sale in rung)
    assert start <= sandbox.world.now


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The sandbox as a process, and its ready line."""
    command = [sys.executable, "-m", "pos_pipeline.sandbox", "--port", "0", "--merchants", "cafes", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own command
        assert running.stdout is not None
        try:
            yield running, json.loads(running.stdout.readline())
        finally:
            running.terminate()


def test_the_process_says_when_it_is_ready_and_stops_cleanly(tmp_path: Path) -> None:
    """One JSON line with the clouds' addresses; an interrupt ends it with status 0."""
    arguments = ("--home", str(tmp_path), "--days", "2", "--anchor", "2026-10-26T15:30:00Z")
    with process(*arguments) as (running, ready):
        url = ready["base_urls"]["square"]
        answer = httpx.get(f"{url.removesuffix('/square')}/_sandbox/merchants", params={"provider": "square"})
        running.send_signal(signal.SIGINT)
        status = running.wait(timeout=30)

    assert ready["ready"] is True
    assert [merchant["key"] for merchant in answer.json()["merchants"]] == ["cafes"]
    assert status == 0


def test_a_killed_process_continues(tmp_path: Path) -> None:
    """Kill -9 loses no action that was answered."""
    arguments = ("--home", str(tmp_path), "--days", "3", "--sales-per-day", "5", "--anchor", "2026-10-26T15:30:00Z")
    with process(*arguments) as (running, ready):
        control = ready["base_urls"]["square"].removesuffix("/square") + "/_sandbox"
        httpx.post(f"{control}/advance", json={"sales": 12})
        before = httpx.get(f"{control}/truth").json()
        running.kill()
        running.wait(timeout=30)

    with running_sandbox(home=tmp_path) as sandbox:
        assert {"days": sandbox.truth()} == before


def test_a_home_is_remembered_once_it_was_lived_in(tmp_path: Path) -> None:
    """Then, and only then, it is continued with the merchants it has instead of begun with others."""
    before = is_remembered(tmp_path)
    open_sandbox(home=tmp_path, days=1, merchants=(PANADERIA,)).close()

    assert (before, is_remembered(tmp_path)) == (False, True)
    assert [one["key"] for one in open_sandbox(home=tmp_path).merchants("square")] == ["panaderia"]
