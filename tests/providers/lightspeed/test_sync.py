"""History and live syncs of a simulated retailer: every sale there is, in its last version, and no request in vain."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from fakes.lightspeed_shelf import ANCHOR

from pos_pipeline.accounts.connections import Connection
from pos_pipeline.errors import MissingScope
from pos_pipeline.extract import SyncOutcome, sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.sandbox import Sandbox
from pos_pipeline.services import Services

Link = Callable[..., Connection]
HISTORY = Window(ANCHOR - timedelta(days=5), ANCHOR)
NEWEST = """
select distinct on (r.id) r.id, r.version_no
from raw_lightspeed.{stream} as r
inner join etl.loads as l on l.pos_provider = 'lightspeed' and l.load_id = r._dlt_load_id
order by r.id asc, r.version_no desc
"""


def everything(sandbox: Sandbox, path: str = "sales", **query: Any) -> Mapping[str, int]:
    """Versions of all there is at the cafés, by a personal token and a reader of its own."""
    [merchant] = [merchant for merchant in sandbox.merchants("lightspeed") if merchant["key"] == "cafes"]
    url = f"{sandbox.base_url('lightspeed')}/{merchant['domain_prefix']}/api/2.0/{path}"
    headers = {"Authorization": f"Bearer {merchant['access_token']}"}
    found: dict[str, int] = {}
    after = 0
    while True:
        answer = httpx.get(url, params={"after": after, **query}, headers=headers, trust_env=False)
        rows = msgspec.json.decode(answer.content)["data"]
        if not rows:
            return found
        found |= {row["id"]: row["version"] for row in rows}
        after = max(row["version"] for row in rows)


def stored(services: Services, stream: str = "sales") -> Mapping[str, int]:
    """The same as the raw layer has it."""
    return dict(services.database.fetch(NEWEST.format(stream=stream)))


def succeed(*outcomes: SyncOutcome) -> None:
    """Every sync was whole."""
    assert [(outcome.status, outcome.error) for outcome in outcomes] == [("success", None)] * len(outcomes)


def test_history_and_live_syncs_miss_nothing(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Sales of the past over the end of summer time, then sales, returns, voids and late edits as they come."""
    connection = link()
    succeed(sync_window(services, connection.id, HISTORY), *sync_live(services, [connection.id]))
    assert stored(services) == everything(sandbox)

    for _ in range(2):
        sandbox.advance(sales=12)
        succeed(*sync_live(services, [connection.id]))
    sandbox.advance(hours=30)
    succeed(*sync_live(services, [connection.id]))

    assert stored(services) == everything(sandbox)


def test_reference_data_is_whole(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Deleted products and tills too."""
    connection = link()
    [outcome] = sync_live(services, [connection.id])

    for stream in ("products", "registers", "outlets", "payment_types", "users", "customers", "taxes"):
        assert stored(services, stream) == everything(sandbox, stream, deleted="true"), stream
    assert (outcome.rows["retailer"], outcome.new_products > 0) == (1, True)


def test_quiet_sync_asks_once(services: Services, sandbox: Sandbox, link: Link) -> None:
    """With nothing new there is one request, however often, and what comes next is stored once."""
    connection = link()
    sandbox.advance(sales=6)
    succeed(*sync_live(services, [connection.id]))
    sandbox.requests(reset=True)

    for _ in range(2):
        [quiet] = sync_live(services, [connection.id])
        assert (quiet.status, set(quiet.rows.values())) == ("success", {0})
    assert sandbox.requests()["lightspeed"] == {"GET /api/2.0/sales": 2}

    before = everything(sandbox)
    sandbox.advance(sales=3, merchant_id="cafes")
    [outcome] = sync_live(services, [connection.id])
    assert outcome.rows["sales"] == len(everything(sandbox).items() - before.items())


def test_imported_again_in_other_windows_it_is_the_same(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Borders in the middle of a busy second of the day neither lose nor double a sale."""
    connection = link()
    middle = ANCHOR - timedelta(days=1, hours=4, microseconds=500_000)

    first = sync_window(services, connection.id, Window(HISTORY.start, middle))
    second = sync_window(services, connection.id, Window(middle, HISTORY.end))

    succeed(first, second)
    assert first.rows["sales"] + second.rows["sales"] == len(stored(services))
    assert stored(services).items() <= everything(sandbox).items()


def test_lagging_index_loses_nothing(services: Services, sandbox: Sandbox, link: Link) -> None:
    """What search does not show yet, half an hour long, is read by version from an hour before the link."""
    connection = link()
    sandbox.faults(search_lag_seconds=1800.0)

    succeed(sync_window(services, connection.id, HISTORY), *sync_live(services, [connection.id]))

    assert stored(services) == everything(sandbox)


def test_tokens_that_die_between_pages_change_nothing(services: Services, sandbox: Sandbox, link: Link) -> None:
    """Every seventh request finds its token dead; the import goes on with the next pair."""
    connection = link()
    sandbox.faults(expire_tokens_after_requests=6)
    sandbox.requests(reset=True)

    succeed(sync_window(services, connection.id, HISTORY), *sync_live(services, [connection.id]))

    assert sandbox.requests()["lightspeed"]["POST /api/1.0/token"] > 2
    assert stored(services) == everything(sandbox)


def test_missing_scope_is_named(services: Services, link: Link) -> None:
    """A grant without the sales is an error, never a day without sales."""
    connection = link(without_scope="sales:read")

    [outcome] = sync_live(services, [connection.id])

    assert outcome.status == "partial"
    assert isinstance(outcome.error, MissingScope)
    assert outcome.error.scope == "sales:read"


@pytest.mark.parametrize("page_rows", [4])
def test_search_that_clamps_lower_skips_nothing(
    services: Services, sandbox: Sandbox, link: Link, monkeypatch: pytest.MonkeyPatch, page_rows: int
) -> None:
    """A lower clamp than the documented one shows in nothing but the number of requests."""
    connection = link()
    cloud: Any = sandbox.clouds["lightspeed"]
    monkeypatch.setattr(cloud, "options", msgspec.structs.replace(cloud.options, search_page_rows=page_rows))

    succeed(sync_window(services, connection.id, HISTORY), *sync_live(services, [connection.id]))

    assert stored(services) == everything(sandbox)
