"""Toast read through the whole core, while its simulated cloud misbehaves: every order and refund arrives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from pos_pipeline.accounts.codes import collect
from pos_pipeline.accounts.linking import authorize
from pos_pipeline.accounts.tenants import create_tenant
from pos_pipeline.extract import SyncOutcome, sync_live, sync_window
from pos_pipeline.provider import Window
from pos_pipeline.sandbox import CloudOptions, Sandbox, running_sandbox
from pos_pipeline.sandbox.shop.clock import datetime_of
from pos_pipeline.sandbox.shop.merchants import PANADERIA
from pos_pipeline.sandbox.toast.cloud import ToastCloud
from pos_pipeline.services import Services

ANCHOR = datetime(2026, 9, 18, 15, tzinfo=UTC)
HISTORY = Window(ANCHOR - timedelta(days=7), ANCHOR)
BULK, PAYMENTS, PAYMENT = (f"GET /orders/v2/{what}" for what in ("ordersBulk", "payments", "payments/{guid}"))
STORED = """
select r.id, r.payload ->> 'modifiedDate', count(*)
from raw_toast.orders as r inner join etl.loads as l on l.pos_provider = 'toast' and l.load_id = r._dlt_load_id
where r.connection_id = %s
group by 1, 2
"""
GIVEN_BACK = """
select distinct r.id
from raw_toast.payments as r inner join etl.loads as l on l.pos_provider = 'toast' and l.load_id = r._dlt_load_id
where r.connection_id = %s and r.payload -> 'refund' <> 'null'
"""


class Restaurant:
    """The panadería, linked at the anchor, and the world it lives in."""

    def __init__(self, services: Services, sandbox: Sandbox) -> None:
        self.services = services
        self.sandbox = sandbox
        tenant = create_tenant(services.database, "panaderia", "Panadería")
        invitation = authorize(services, "toast", tenant.id, "https://pos.example/")
        merchant = sandbox.clouds["toast"].merchant_id("panaderia")
        httpx.get(httpx.URL(invitation.url).copy_set_param("merchant", merchant))
        [connection] = collect(services, "toast")
        self.id: UUID = connection.id
        self.guid = connection.merchant_id
        services.database.fetch("update pos.connections set live_since = %s returning id", (ANCHOR,))
        sandbox.requests(reset=True)

    def sync(self, *streams: str) -> SyncOutcome:
        """A live sync in the world's present; of what is due unless streams are named."""
        now = datetime_of(self.sandbox.world.now) + timedelta(minutes=1)
        [outcome] = sync_live(self.services, [self.id], streams=streams or None, now=now)
        assert outcome.status == "success", outcome.error
        return outcome

    def book(self) -> Any:
        """What Toast has of it, behind the API."""
        return self.sandbox.clouds["toast"].book(self.guid)

    def lost(self) -> set[str]:
        """Orders whose last version is not stored."""
        newest = {item.guid: item.modified_at // 1000 for item in self.book().modified_between(0, 2**62)}
        stored: dict[str, int] = {}
        for guid, modified, _ in self.services.database.fetch(STORED, (self.id,)):
            at = round(datetime.fromisoformat(modified).timestamp() * 1000)
            stored[guid] = max(stored.get(guid, 0), at)
        return {guid for guid, at in newest.items() if stored.get(guid) != at}

    def stored_twice(self) -> list[str]:
        """Orders of which one version was stored more than once."""
        return [guid for guid, _, copies in self.services.database.fetch(STORED, (self.id,)) if copies > 1]

    def given_back(self) -> set[str]:
        """Payments with a refund that the payments stream has brought."""
        return {guid for (guid,) in self.services.database.fetch(GIVEN_BACK, (self.id,))}

    def requests(self, endpoint: str) -> int:
        """How often it was asked since the last count."""
        return self.sandbox.requests()["toast"].get(endpoint, 0)


@pytest.fixture
def restaurant(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restaurant]:
    """A busy week of one restaurant, without limits, and settings that lead there."""
    options = CloudOptions(rate_limits=False)
    with running_sandbox(
        anchor=ANCHOR, days=4, sales_per_day=120, merchants=(PANADERIA,), cloud_options=options
    ) as sandbox:
        base_url = sandbox.base_url("toast")
        monkeypatch.setenv("TOAST_BASE_URL", base_url)
        for name, value in ToastCloud.app_settings.items():
            monkeypatch.setenv(name, value.replace("{base_url}", base_url))
        yield Restaurant(services, sandbox)


def test_history_is_whole_at_a_bounded_price(restaurant: Restaurant) -> None:
    """Every order once; no more than two requests for fifty of them, however they bunch up after closeout."""
    outcome = sync_window(restaurant.services, restaurant.id, HISTORY)

    orders = len(restaurant.book().modified_between(0, 2**62))
    assert outcome.status == "success"
    assert outcome.rows["orders"] == orders > 300
    assert (restaurant.lost(), restaurant.stored_twice()) == (set(), [])
    assert restaurant.requests(BULK) <= 2 * orders / 50


def test_orders_that_move_while_they_are_read_are_not_lost(restaurant: Restaurant) -> None:
    """With an order modified between any two pages of a scan, import and live sync together miss none."""
    restaurant.sandbox.faults(mutate_during_scan=1000)
    sync_window(restaurant.services, restaurant.id, HISTORY)
    restaurant.sandbox.advance(sales=150)
    restaurant.sync()

    assert restaurant.lost() == set()


def test_quiet_sync_asks_once(restaurant: Restaurant) -> None:
    """Between the hourly readings of everything else, nothing new costs one request, and nothing is stored again."""
    restaurant.sandbox.advance(sales=20)
    assert restaurant.sync().rows["orders"] > 0
    restaurant.sandbox.requests(reset=True)

    quiet = restaurant.sync()

    assert restaurant.sandbox.requests()["toast"] == {BULK: 1}
    assert (quiet.requests_made, set(quiet.rows.values())) == (1, {0})
    assert restaurant.stored_twice() == []


def test_refunds_that_move_no_order_are_found(restaurant: Restaurant) -> None:
    """Where modifiedDate does not tell of a refund, the lists by business date do, and each is stored once."""
    sync_window(restaurant.services, restaurant.id, HISTORY, streams=["payments"])
    before = restaurant.given_back()
    restaurant.sandbox.faults(silent_refunds=True)
    for _ in range(2):
        restaurant.sandbox.advance(hours=24)
        restaurant.sync("payments")

    refunds = {
        guid for day in range(1, 31) for guid in restaurant.book().payments.on("refundBusinessDate", 20260900 + day)
    }
    assert len(refunds) > len(before)
    assert restaurant.given_back() == refunds
    assert restaurant.sync("payments").rows["payments"] == 0


def test_months_without_a_refund_do_not_make_syncs_longer(restaurant: Restaurant) -> None:
    """The dates that are read again are those of the last days, whatever happened on them."""
    restaurant.sandbox.advance(hours=24 * 5)
    restaurant.sync("payments")
    restaurant.sandbox.requests(reset=True)
    restaurant.sync("payments")

    assert restaurant.requests(PAYMENTS) <= 2 * 5


def test_token_that_dies_in_the_middle_of_a_window(restaurant: Restaurant) -> None:
    """A token that lasts for four requests costs a login each time, and no order."""
    restaurant.sandbox.faults(expire_tokens_after_requests=4)
    outcome = sync_window(restaurant.services, restaurant.id, HISTORY)

    assert outcome.status == "success"
    assert restaurant.lost() == set()
    assert restaurant.requests("POST /authentication/v1/authentication/login") >= 2


def test_menu_is_read_when_it_is_published_anew(restaurant: Restaurant) -> None:
    """Else only its date is asked for; its products are known from the first reading on."""
    assert restaurant.sync("menus").new_products > 0
    restaurant.sandbox.requests(reset=True)
    restaurant.sandbox.advance(hours=1)
    assert restaurant.sync("menus").rows["menus"] == 0
    assert restaurant.requests("GET /menus/v2/menus") == 0

    restaurant.sandbox.advance(hours=24 * 7)

    assert restaurant.sync("menus").rows["menus"] == 1
    [(versions,)] = restaurant.services.database.fetch("select count(*) from raw_toast.menus")
    assert versions == 2
