"""A Toast that starts again is the one that stopped, to the byte."""

from pathlib import Path
from typing import Any

from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.merchants import CAFES
from tests.sandbox.toast.client import partner
from tests.sandbox.toast.conftest import ANCHOR

OPTIONS = CloudOptions(rate_limits=False)
SMALL: dict[str, Any] = {"anchor": ANCHOR, "days": 6, "sales_per_day": 10, "merchants": (CAFES,)}
PATHS = ("/config/v2/menuItems", "/menus/v2/menus", "/labor/v1/employees")


def everything(sandbox: Sandbox) -> tuple[object, ...]:
    """Every order, payment list and setting of the cafés as bytes, and the truth."""
    [merchant] = sandbox.merchants("toast")
    answers: list[object] = [sandbox.truth(provider="toast")]
    window = {"startDate": "2026-10-10T00:00:00.000+0000", "endDate": "2026-11-09T00:00:00.000+0000"}
    with partner(sandbox.base_url("toast")) as toast:
        toast.add_integration(merchant["id"], code="c")
        for location in merchant["locations"]:
            guid = location["id"]
            answers += [toast.get(path, guid).content for path in PATHS]
            answers += list(toast.pages(guid, **window))
            answers += [toast.get("/orders/v2/payments", guid, paidBusinessDate="20261027").content]
    return tuple(answers)


def act(sandbox: Sandbox) -> None:
    """Some life after the history."""
    sandbox.advance(hours=9)
    sandbox.advance(sales=15)
    sandbox.advance(hours=30)


def test_the_same_seed_and_actions_give_the_same_bytes() -> None:
    """Two clouds that never met answer alike; another seed does not."""
    seen = []
    for seed in (3, 3, 4):
        with running_sandbox(seed=seed, cloud_options=OPTIONS, **SMALL) as sandbox:
            act(sandbox)
            seen.append(everything(sandbox))

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_a_restart_replays_the_actions(tmp_path: Path) -> None:
    """Stopped and started over the same home, everything is as it was, though read anew."""
    with running_sandbox(home=tmp_path, cloud_options=OPTIONS, **SMALL) as sandbox:
        everything(sandbox)
        act(sandbox)
        before = everything(sandbox)
    with running_sandbox(home=tmp_path, cloud_options=OPTIONS) as sandbox:
        after = everything(sandbox)

    assert after == before
