"""A POS that no longer tells of what syncs find is noticed, asked again, and believed when it speaks."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from pos_pipeline.accounts.connections import load_connection
from pos_pipeline.accounts.hooks import listen, register_webhooks
from pos_pipeline.accounts.tenants import Tenant
from pos_pipeline.errors import ProviderUnavailable
from pos_pipeline.orchestration.silence import Report, end_silence
from pos_pipeline.providers.square import Square
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database
from pos_pipeline.webhooks import Subscription
from tests.gateway.shops import make_account, make_connection

Ask = Callable[..., TestClient]
PUBLIC = "https://pos.example"
ADDRESS = f"{PUBLIC}/api/v1/pos/webhooks/square"


@dataclass
class Desk:
    """Where webhooks are registered: remembers who asked; `is_closed` refuses, `issued` numbers the subscriptions."""

    is_registered_by_api: bool = True
    is_closed: bool = False
    issued: int = 1
    asked: list[tuple[str, str]] = field(default_factory=list)

    def subscribe(self, _settings: object, _api: object, url: str, former: str = "") -> Subscription:
        """Subscribe."""
        self.asked.append((url, former))
        if self.is_closed:
            raise ProviderUnavailable("square: answered 503.")
        return Subscription(f"s{self.issued}", url)

    def address(self, url: str, _merchant_id: str) -> str:
        """One address for all."""
        return url


@dataclass
class Shop:
    """One linked shop, whose syncs and events the test makes up."""

    services: Services
    desk: Desk
    connection_id: UUID
    account_id: UUID

    @property
    def database(self) -> Database:
        """The warehouse."""
        return self.services.database

    def register(self, hours_ago: float = 24) -> None:
        """Registered so long ago."""
        register_webhooks(self.services, self.connection_id, ADDRESS)
        self.database.fetch(
            "update pos.connections set webhook_registered_at = now() - %s * interval '1 hour' returning id",
            (hours_ago,),
        )
        self.desk.asked.clear()

    def sync(self, *hours_ago: float, sales: int = 5, kind: str = "live") -> None:
        """Syncs so long ago that found so many sales each."""
        for hours in hours_ago:
            self.database.fetch(
                "insert into pos.sync_logs (tenant_id, pos_account_id, kind, sync_started_at, status,"
                " transactions_processed) select tenant_id, id, %s, now() - %s * interval '1 hour', 'success', %s"
                " from pos.accounts where id = %s returning id",
                (kind, hours, sales, self.account_id),
            )

    def hear(self, hours_ago: float, stream: str = "orders") -> None:
        """An event that came so long ago."""
        self.database.fetch(
            "insert into pos.webhooks (tenant_id, connection_id, pos_provider, webhook_event_id, event_type,"
            " event_data, streams, received_at) select tenant_id, id, pos_provider, gen_random_uuid(), 'e', '{}', %s,"
            " now() - %s * interval '1 hour' from pos.connections where id = %s returning id",
            ([stream], hours_ago, self.connection_id),
        )

    def state(self) -> tuple[Any, ...]:
        """Whether it is silent, the words, and how often it was tried by itself."""
        [row] = self.database.fetch(
            "select webhook_silent_since is not null, webhook_message, webhook_tries from pos.connections"
        )
        return row

    def pass_time(self, hours: float) -> None:
        """Put the last try so far into the past."""
        self.database.fetch(
            "update pos.connections set webhook_tried_at = webhook_tried_at - %s * interval '1 hour' returning id",
            (hours,),
        )


@pytest.fixture
def desk() -> Desk:
    """Where Square's webhooks are registered."""
    return Desk()


@pytest.fixture
def services(services: Services, desk: Desk) -> Services:
    """Services whose Square registers webhooks at the desk."""
    square = Square()
    square.webhooks = desk  # type: ignore[assignment]
    return replace(services, providers={**services.providers, "square": square})


@pytest.fixture
def shop(services: Services, desk: Desk, bakery: Tenant) -> Shop:
    """A shop of the bakery's."""
    connection_id = make_connection(services.database, bakery)
    return Shop(services, desk, connection_id, make_account(services.database, bakery, connection_id))


def test_silence_is_noticed_and_asked_about(shop: Shop, ask: Ask, bakery: Tenant) -> None:
    """Sales over hours and no event: the accounts say so, and the same address is registered once more."""
    shop.register()
    shop.sync(6, 4, 1)
    shop.desk.issued = 2

    assert end_silence(shop.services) == Report(fallen_silent=1, registered_again=1)

    account = ask(bakery).get(f"accounts/{shop.account_id}").json()
    assert account["webhook_status"] == "silent"
    assert account["webhook_message"].startswith("Square has told of none of the sales that syncs have found since 20")
    assert account["webhook_message"].endswith("It has been registered again.")
    assert account["status"] == "active"
    assert shop.desk.asked == [(ADDRESS, ADDRESS)]
    assert shop.database.fetch("select webhook_id from pos.accounts") == [("s2",)]


def test_a_registration_that_stands(shop: Shop) -> None:
    """Then events are lost on their way, and the words say where to look."""
    shop.register()
    shop.sync(6, 4, 1)
    end_silence(shop.services)

    assert f"make sure that the POS can reach {ADDRESS}." in shop.state()[1]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda shop: shop.sync(6, 4), id="two syncs only"),
        pytest.param(lambda shop: shop.sync(3, 2, 1), id="not for so long"),
        pytest.param(lambda shop: shop.sync(6, 4, 1, sales=0), id="nothing sold"),
        pytest.param(lambda shop: shop.sync(6, 4, 1, kind="window"), id="history only"),
        pytest.param(lambda shop: (shop.sync(6, 4, 1), shop.hear(0.5)), id="an event"),
        pytest.param(lambda shop: (shop.sync(6, 4, 1), shop.hear(4.01)), id="an event in between"),
        pytest.param(lambda shop: (shop.sync(6.9, 5, 3.5), shop.hear(7)), id="found just after an event"),
        pytest.param(lambda shop: shop.sync(40, 35, 30), id="long ago"),
    ],
)
def test_what_is_no_silence(shop: Shop, make: Callable[[Shop], None]) -> None:
    """Quiet shops, quiet nights and short troubles are left alone."""
    shop.register(hours_ago=48)
    make(shop)

    assert end_silence(shop.services) == Report()
    assert shop.state() == (False, None, 0)
    assert shop.desk.asked == []


@pytest.mark.parametrize("status", ["error", "disconnected"])
def test_who_is_not_read_is_not_missed(shop: Shop, status: str) -> None:
    """A connection out of service finds nothing, and nothing is expected of it."""
    shop.register()
    shop.sync(6, 4, 1)
    shop.database.fetch("update pos.connections set status = %s returning id", (status,))

    assert end_silence(shop.services) == Report()


def test_nobody_has_ever_told_anything(shop: Shop, ask: Ask, bakery: Tenant) -> None:
    """Without a registration and without any event, none is expected."""
    shop.sync(6, 4, 1)

    assert end_silence(shop.services) == Report()
    account = ask(bakery).get(f"accounts/{shop.account_id}").json()
    assert (account["webhook_status"], account["webhook_message"]) == ("none", None)


def test_events_about_other_things_do_not_count(shop: Shop) -> None:
    """A POS that tells of its catalog and not of its sales is silent."""
    shop.register()
    shop.sync(6, 4, 1)
    shop.hear(0.5, "catalog")

    assert end_silence(shop.services).fallen_silent == 1


def test_tried_again_later_each_time(shop: Shop) -> None:
    """After one hour, two, four … and never later than a day."""
    shop.register()
    shop.sync(6, 4, 1)
    shop.desk.is_closed = True

    tried = []
    for hours in (0, 0.9, 0.2, 1.8, 0.3, 3.8, 0.3):
        shop.pass_time(hours)
        tried.append(end_silence(shop.services).failed)
    assert tried == [1, 0, 1, 0, 1, 0, 1]

    shop.database.fetch("update pos.connections set webhook_tries = 1000 returning id")
    shop.pass_time(23)
    assert end_silence(shop.services).failed == 0
    shop.pass_time(1.1)
    assert end_silence(shop.services).failed == 1
    assert "Registering again failed: square: answered 503." in shop.state()[1]
    assert shop.desk.asked == [(ADDRESS, ADDRESS)] * 5


def test_an_event_ends_it(shop: Shop, ask: Ask, bakery: Tenant) -> None:
    """The words are gone, and the next silence begins from nothing."""
    shop.register()
    shop.sync(6, 4, 1)
    end_silence(shop.services)
    shop.hear(0)

    assert end_silence(shop.services) == Report(heard_again=1)
    assert shop.state() == (False, None, 0)
    assert ask(bakery).get(f"accounts/{shop.account_id}").json()["webhook_status"] == "listening"


def test_set_up_by_hand(shop: Shop) -> None:
    """Noticed by the events there were; a person has to look, since there is nothing to call."""
    shop.desk.is_registered_by_api = False
    shop.hear(20)
    shop.sync(6, 4, 1)

    assert end_silence(shop.services) == Report(fallen_silent=1)
    assert end_silence(shop.services) == Report()
    assert "It was set up by hand at Square" in shop.state()[1]
    assert shop.desk.asked == []


def test_what_linking_could_not_register(shop: Shop, ask: Ask, bakery: Tenant) -> None:
    """Linked all the same; the reason is told, and it is tried again until it works."""
    shop.desk.is_closed = True
    listen(shop.services, load_connection(shop.database, shop.connection_id), f"{PUBLIC}/")
    account = ask(bakery).get(f"accounts/{shop.account_id}").json()
    assert (account["webhook_status"], account["webhook_url"]) == ("none", None)
    assert account["webhook_message"].startswith("Webhooks are not registered: square: answered 503.")

    assert end_silence(shop.services) == Report(failed=1)
    shop.desk.is_closed = False
    shop.pass_time(1.1)
    assert end_silence(shop.services) == Report(registered_again=1)

    account = ask(bakery).get(f"accounts/{shop.account_id}").json()
    assert (account["webhook_status"], account["webhook_url"]) == ("listening", ADDRESS)
    assert account["webhook_message"] is None
    assert end_silence(shop.services) == Report()


def test_registered_by_a_person(shop: Shop) -> None:
    """Begins anew: for hours nothing is missed."""
    shop.register()
    shop.sync(6, 4, 1)
    end_silence(shop.services)

    register_webhooks(shop.services, shop.connection_id, ADDRESS)

    assert shop.state() == (False, None, 0)
    assert end_silence(shop.services) == Report()


def test_switched_off(shop: Shop) -> None:
    """ENABLE_WEBHOOKS=false asks nobody for anything."""
    shop.register()
    shop.sync(6, 4, 1)
    settings = shop.services.settings.model_copy(update={"enable_webhooks": False})
    listen(replace(shop.services, settings=settings), load_connection(shop.database, shop.connection_id), PUBLIC)

    assert end_silence(replace(shop.services, settings=settings)) == Report()
    assert shop.desk.asked == []
