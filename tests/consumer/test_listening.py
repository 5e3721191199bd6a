"""Messages over a real broker: what they ask for, what is refused, and what no accident loses or does twice."""

from dataclasses import dataclass, replace
from threading import Event
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import msgspec
import pytest
from pydantic import SecretStr
from rig.flaky_road import flaky_road
from rig.post_office import Office

from pos_pipeline.accounts.tenants import Tenant, create_tenant
from pos_pipeline.consumer import apply, listening
from pos_pipeline.consumer.listening import Consumer
from pos_pipeline.consumer.settings import ConsumerSettings
from pos_pipeline.errors import Misconfigured, WarehouseUnavailable
from pos_pipeline.orchestration.due import claim_windows
from pos_pipeline.services import Services
from pos_pipeline.warehouse.database import Database

Json = dict[str, Any]

NOON = "2026-03-02T12:00:00Z"
REQUESTS = """
select c.merchant_id, r.kind, r.reason, r.window_start::text, r.window_end::text
from pos.sync_requests as r
inner join pos.connections as c on r.connection_id = c.id
order by r.window_start
"""


@dataclass(frozen=True)
class Shop:
    """A linked shop whose next sync is an hour away."""

    tenant: Tenant
    account_id: UUID
    location: str


def make_shop(database: Database, slug: str, location: str) -> Shop:
    tenant = create_tenant(database, slug, slug)
    [(connection_id,)] = database.fetch(
        "insert into pos.connections (tenant_id, pos_provider, merchant_id) values (%s, 'square', %s) returning id",
        (tenant.id, f"M-{slug}"),
    )
    [(account_id,)] = database.fetch(
        "insert into pos.accounts (tenant_id, connection_id, pos_provider, account_name, location_id, location_name,"
        " timezone, currency, next_sync_at)"
        " values (%s, %s, 'square', 'x', %s, 'x', 'Europe/Madrid', 'EUR', now() + interval '1 hour') returning id",
        (tenant.id, connection_id, location),
    )
    return Shop(tenant, account_id, location)


@pytest.fixture
def crumb(database: Database) -> Shop:
    return make_shop(database, "crumb", "L1")


@pytest.fixture
def shops(crumb: Shop, rival: Shop) -> tuple[Shop, Shop]:
    return crumb, rival


@pytest.fixture
def rival(database: Database) -> Shop:
    return make_shop(database, "rival", "L2")


def discrepancy(shop: Shop, **changes: Any) -> Json:
    """Sales disagrees about a business day."""
    return {
        "event_type": "sales_validation_discrepancy",
        "timestamp": NOON,
        "tenant_id": str(shop.tenant.id),
        "pos_account_id": str(shop.account_id),
        "business_date": "2026-03-01",
    } | changes


def trigger(**changes: Any) -> Json:
    """The orchestrator's daily trigger."""
    return {"event_type": "orchestrator_daily_trigger", "timestamp": NOON} | changes


def due(database: Database) -> list[str]:
    """Locations that are due now."""
    rows = database.fetch("select location_id from pos.accounts where next_sync_at <= now() order by location_id")
    return [location for (location,) in rows]


def acted_upon(database: Database) -> int:
    return int(database.fetch("select count(*) from pos.messages")[0][0])


def test_a_discrepancy_asks_for_its_window_to_be_read_again(office: Office, crumb: Shop) -> None:
    """The shop's business day, as UTC, and not as an import that leaves out what was read before."""
    office.say(discrepancy(crumb))
    office.say(
        discrepancy(
            crumb,
            pos_account_id=None,
            pos_provider="square",
            location_id="L1",
            business_date=None,
            window_start="2026-02-10T08:00:00Z",
            window_end="2026-02-10T09:00:00Z",
        )
    )

    with office.listening():
        office.until(lambda: acted_upon(office.database) == 2)

    assert office.database.fetch(REQUESTS) == [
        ("M-crumb", "window", "message", "2026-02-10 08:00:00+00", "2026-02-10 09:00:00+00"),
        ("M-crumb", "window", "message", "2026-02-28 23:00:00+00", "2026-03-01 00:00:00+00"),
        ("M-crumb", "window", "message", "2026-03-01 00:00:00+00", "2026-03-01 23:00:00+00"),
    ]
    assert {window.reason for window in claim_windows(office.database)} == {"message"}
    assert (office.waiting(), office.dead()) == (0, [])


def test_a_discrepancy_overrules_an_import_that_waits_for_the_same_window(office: Office, crumb: Shop) -> None:
    """The import would leave out what it finds read; the request becomes one that reads again."""
    office.database.fetch(
        "insert into pos.sync_requests (tenant_id, connection_id, kind, reason, window_start, window_end)"
        " select tenant_id, connection_id, 'window', 'backfill', '2026-02-10 08:00Z', '2026-02-10 09:00Z'"
        " from pos.accounts returning id"
    )
    times = {"window_start": "2026-02-10T08:00:00Z", "window_end": "2026-02-10T09:00:00Z"}
    office.say(discrepancy(crumb, business_date=None, **times))

    with office.listening():
        office.until(lambda: acted_upon(office.database))

    assert office.database.fetch("select reason from pos.sync_requests") == [("message",)]


@pytest.mark.parametrize("everyone", [False, True])
def test_the_daily_trigger_makes_active_accounts_due(office: Office, shops: tuple[Shop, Shop], everyone: bool) -> None:
    """Those of the tenant it names, or of all; accounts that are off stay off."""
    off = make_shop(office.database, "closed", "L3")
    office.database.fetch("update pos.accounts set sync_enabled = false where id = %s returning id", (off.account_id,))
    office.trigger(trigger() if everyone else trigger(tenant_id=str(shops[0].tenant.id)))

    with office.listening():
        office.until(lambda: acted_upon(office.database))

    assert due(office.database) == (["L1", "L2"] if everyone else ["L1"])


def poisons(crumb: Shop, rival: Shop) -> dict[str, bytes]:
    """A message of every kind that cannot be acted upon, by the reason it is refused for."""
    nobody = str(uuid4())
    bodies = {
        "not_json": b"{jane@example.com",
        "wrong_schema": discrepancy(crumb, business_date="jane@example.com"),
        "unknown_tenant": discrepancy(crumb, tenant_id=nobody),
        "unknown_account": discrepancy(crumb, pos_account_id=str(rival.account_id)),
        "impossible_window": discrepancy(crumb, business_date="2999-01-01"),
    }
    return {reason: body if isinstance(body, bytes) else msgspec.json.encode(body) for reason, body in bodies.items()}


@pytest.mark.parametrize(
    "reason", ["not_json", "wrong_schema", "unknown_tenant", "unknown_account", "impossible_window"]
)
def test_poison_goes_to_the_dead_letters_with_its_reason(office: Office, crumb: Shop, rival: Shop, reason: str) -> None:
    """The body as it came, a header that says why and quotes nothing; what comes behind it is acted upon."""
    body = poisons(crumb, rival)[reason]
    office.say(body, message_id="m-1", headers={"trace": "t-1", "weights": [{"deep": 1}]})
    office.trigger(trigger())

    with office.listening():
        [(properties, buried)] = office.until(office.dead)
        office.until(lambda: acted_upon(office.database))

    assert buried == body
    assert properties.message_id == "m-1"
    assert properties.headers["x-pos-reason"] == reason
    assert properties.headers["trace"] == "t-1"
    assert properties.headers["x-pos-routing-key"] == "sales.validation_discrepancy"
    assert "jane" not in str(properties.headers)
    assert office.database.fetch(REQUESTS) == []
    assert office.waiting() == 0


def test_an_account_that_is_off_is_not_read_again(office: Office, crumb: Shop) -> None:
    """Nothing would come of the request, and sales would wait for it."""
    office.database.fetch("update pos.accounts set status = 'disconnected' returning id")
    office.say(discrepancy(crumb))

    with office.listening():
        [(properties, _)] = office.until(office.dead)

    assert properties.headers["x-pos-reason"] == "account_is_off"


def test_a_fault_of_ours_does_not_stop_the_messages_behind_it(office: Office, crumb: Shop) -> None:
    """It is told by its type alone."""
    office.say(discrepancy(crumb))
    with patch.object(apply, "ask_window", side_effect=KeyError("jane@example.com")), office.listening():
        [(properties, _)] = office.until(office.dead)

    assert properties.headers["x-pos-reason"] == "unexpected_error"
    assert properties.headers["x-pos-detail"] == "unexpected KeyError."
    assert acted_upon(office.database) == 0


@pytest.mark.parametrize("message_id", ["m-1", None, "", "m\u00fcll/\u0000?", "x" * 250])
def test_a_message_sent_twice_is_acted_upon_once(office: Office, crumb: Shop, message_id: str | None) -> None:
    """Recognised by its id, or by itself when it has none; the request it made is not made again."""
    for _ in range(2):
        office.say(discrepancy(crumb), message_id=message_id)
    with office.listening():
        office.until(lambda: acted_upon(office.database))
        asked = office.until(lambda: office.database.fetch(REQUESTS))
        office.database.fetch("update pos.sync_requests set status = 'done' returning id")
        office.say(discrepancy(crumb), message_id=message_id)
        office.trigger(trigger())
        office.until(lambda: acted_upon(office.database) == 2)

    assert office.database.fetch(REQUESTS) == asked
    assert office.dead() == []


def test_an_id_used_for_another_message_is_refused(office: Office, crumb: Shop, rival: Shop) -> None:
    """To take it for the first would lose it silently; another tenant's message of that id is another message."""
    office.say(discrepancy(crumb), message_id="m-1")
    office.say(discrepancy(rival), message_id="m-1")
    office.say(discrepancy(crumb, business_date="2026-03-02"), message_id="m-1")

    with office.listening():
        [(properties, _)] = office.until(office.dead)

    assert properties.headers["x-pos-reason"] == "reused_message_id"
    assert acted_upon(office.database) == 2


def test_a_crash_between_commit_and_acknowledgement_does_nothing_twice(office: Office, crumb: Shop) -> None:
    """The message comes again, marked as redelivered, and is recognised."""
    office.say(discrepancy(crumb))
    act, outcomes = listening.act_upon, []

    def act_and_die(*arguments: Any) -> Any:
        outcomes.append(act(*arguments))
        if len(outcomes) == 1:
            raise SystemExit(137)
        return outcomes[-1]

    with patch.object(listening, "act_upon", act_and_die):
        with pytest.raises(SystemExit):
            Consumer(office.services, office.queues).run(Event())
        with office.listening():
            office.until(lambda: len(outcomes) == 2)

    assert outcomes == ["done", "known"]
    assert len(office.database.fetch(REQUESTS)) == 2
    assert office.waiting() == 0


def test_what_was_not_committed_comes_again(office: Office, crumb: Shop) -> None:
    """The warehouse goes away before the commit: nothing is written, nothing acknowledged, nothing buried."""
    office.say(discrepancy(crumb))
    ask, tries = apply.ask_window, []

    def ask_and_fail(*arguments: Any) -> Any:
        asked = ask(*arguments)
        tries.append(acted_upon(office.database))
        if len(tries) == 1:
            raise WarehouseUnavailable("warehouse: gone.")
        return asked

    with patch.object(apply, "ask_window", ask_and_fail), office.listening():
        office.until(lambda: acted_upon(office.database))

    assert tries == [0, 0]
    assert len(office.database.fetch(REQUESTS)) == 2
    assert (office.waiting(), office.dead()) == (0, [])


def test_a_connection_that_breaks_is_made_again(office: Office, rabbitmq_url: str) -> None:
    """The road to the broker is cut under the consumer, and again: it goes on with what comes after."""
    with flaky_road(rabbitmq_url) as road:
        settings = office.services.settings.model_copy(update={"rabbitmq_url": SecretStr(road.url)})
        through = replace(office.services, settings=settings)
        with office.listening(through):
            for day in (1, 2, 3):
                office.trigger(trigger(timestamp=f"2026-03-0{day}T04:00:00Z"))
                office.until(lambda day=day: acted_upon(office.database) == day)
                road.cut()

    assert road.taken >= 3


def test_without_a_broker_there_is_nothing_to_listen_to(services: Services) -> None:
    """The setting is named."""
    with pytest.raises(Misconfigured, match="RABBITMQ_URL is not set"):
        Consumer(services, ConsumerSettings()).run(Event())
