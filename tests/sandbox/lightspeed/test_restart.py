"""A sandbox that starts again is the one that stopped, versions and tokens included."""

import json
from pathlib import Path
from typing import Any

import pytest

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.lightspeed.conftest import ANCHOR
from tests.sandbox.lightspeed.consenting import connect, refresh
from tests.sandbox.lightspeed.reading import open_retailer

SMALL: dict[str, Any] = {"anchor": ANCHOR, "days": 6, "sales_per_day": 12, "merchants": (CAFES,)}
NAMES = ("sales", "products", "customers", "inventory", "outlets", "registers", "users", "payment_types")


def everything(sandbox: Sandbox) -> str:
    """Every object of every list, and the truth."""
    with open_retailer(sandbox, "cafes") as retailer:
        lists = [[page.json() for page in pages(retailer, name)] for name in NAMES]
    return json.dumps([*lists, sandbox.truth(provider="lightspeed")])


def pages(retailer: Any, name: str) -> Any:
    """Raw pages of a list, deleted rows included."""
    after = 0
    while True:
        page = retailer.get(name, after=after, page_size=500, deleted="true")
        yield page
        if not page.json()["data"]:
            return
        after = page.json()["version"]["max"]


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

    assert seen[0] == seen[1] != seen[2]


def test_a_restart_replays_the_actions(tmp_path: Path) -> None:
    """Read all the while or only after a restart: the same versions."""
    with running_sandbox(home=tmp_path, **SMALL) as sandbox:
        everything(sandbox)
        act(sandbox)
        before = everything(sandbox)
    with running_sandbox(home=tmp_path) as sandbox:
        after = everything(sandbox)

    assert after == before


def test_steps_change_no_order() -> None:
    """Lived at once or hour by hour, the same changes come in the same order."""
    orders = []
    for step in (24, 1):
        with running_sandbox(**SMALL) as sandbox, open_retailer(sandbox, "cafes") as retailer:
            for _ in range(0, 24, step):
                sandbox.advance(hours=step)
            orders.append([sale["id"] for sale in retailer.all("sales", page_size=500)])

    assert orders[0] == orders[1]


def test_what_has_not_changed_reads_the_same() -> None:
    """An object whose version stayed where it was is the same, rendered afresh."""
    uncached = CloudOptions(body_cache_bytes=0)
    world = SMALL | {"days": 20, "sales_per_day": 30}
    with running_sandbox(cloud_options=uncached, **world) as sandbox, open_retailer(sandbox, "cafes") as retailer:
        before = {sale["version"]: sale for sale in retailer.all("sales", page_size=500)}
        act(sandbox)
        after = {sale["version"]: sale for sale in retailer.all("sales", page_size=500)}
    common = before.keys() & after.keys()

    assert len(common) > 1000
    assert [version for version in common if before[version] != after[version]] == []


def test_authorizations_and_hooks_survive_a_restart(tmp_path: Path) -> None:
    """Tokens keep working and being replaced; a hook is still there."""
    with running_sandbox(home=tmp_path, **SMALL) as sandbox:
        tokens = connect(sandbox, sandbox.merchants("lightspeed")[0]["id"])
        with open_retailer(sandbox, "cafes", tokens["access_token"]) as retailer:
            hook = {"url": "http://127.0.0.1:9/", "active": True, "type": "sale.update"}
            made = retailer.http.post("/api/2026-07/webhooks", json=hook).json()["data"]
    with running_sandbox(home=tmp_path) as sandbox:
        with open_retailer(sandbox, "cafes", tokens["access_token"]) as retailer:
            kept = retailer.http.get("/api/2026-07/webhooks").json()["data"]
        renewed = refresh(sandbox, tokens)

    assert kept == [made]
    assert renewed.status_code == 200


@pytest.mark.parametrize("seed", [1, 2])
def test_versions_are_apart(seed: int) -> None:
    """Among thousands of sales, many of them changed within one second, no two versions are the same."""
    with running_sandbox(seed=seed, **(SMALL | {"days": 30, "sales_per_day": 80})) as sandbox:
        sandbox.advance(sales=400)
        book = sandbox.clouds["lightspeed"].book("cafes")
        items = [book[identifier] for identifier in book.by_version.ids(None, None)]

    assert len({item.version for item in items}) == len(items) > 5000
    assert len({item.changed_at for item in items}) < len(items)
    assert [item.changed_at for item in items] == sorted(item.changed_at for item in items)
