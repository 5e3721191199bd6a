"""Canaries: tokens, the app's secret and customers' data are planted, everything goes wrong, and nothing sings.

The work is done by a process of its own, so that whatever it prints is heard: our logs, dlt's, dbt's,
and what a Dagster run would capture. What may hold customers' data is raw, marts and the quarantine.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
from rig.job import Job, Report, Step
from rig.meddler import Exchange, Meddler, between
from rig.tills import Tills, settings_for
from rig.worker import Worker

from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.definitions import build_definitions
from pos_pipeline.orchestration.instance import register_tenants

NAME, EMAIL, PHONE = "Canaria", "secreta@correo.example", "+34600999111"
"""Short, because Postgres and dlt cut what they quote."""
CARD = "4111111111111111"
CUSTOMER = {"given_name": NAME, "family_name": NAME, "email_address": EMAIL, "phone_number": PHONE}
SPOKEN = {
    "sync logs": "select error_type, error_message from pos.sync_logs",
    "accounts": "select error_message from pos.accounts",
    "connections": "select error_type, error_message, attributes::text from pos.connections",
    "outbox": "select payload::text, last_error from pos.outbox",
    "reasons of the quarantine": "select reason from pos.quarantine",
}


@dataclass
class Aviary:
    """A pipeline with canaries in everything it reads."""

    tills: Tills
    cloud: Meddler
    worker: Worker
    home: Path
    canaries: dict[str, str]
    printed_before: int
    said: list[str] = field(default_factory=list)
    """What callers got to see: errors of syncs and of the transform."""

    def work(self, *steps: Step) -> Report:
        """Do it elsewhere; a failure is part of the exercise."""
        job = Job(self.tills.job().settings, {**self.tills.environment, "SQUARE_BASE_URL": self.cloud.url}, list(steps))
        report = self.worker.run(job)
        self.said += report.errors
        return report

    def singing(self) -> dict[str, list[str]]:
        """Which canaries are heard where; empty when all are silent."""
        places = {"printed": self.worker.log.read_text()[self.printed_before :], "said": "\n".join(self.said)}
        places |= {what: str(self.tills.services.database.fetch(query)) for what, query in SPOKEN.items()}
        places |= {str(path): path.read_bytes().decode("latin-1") for path in self.home.rglob("*") if path.is_file()}
        places.pop(str(self.home / "token.keys"), None)
        return {
            place: heard
            for place, text in places.items()
            if (heard := [name for name, canary in self.canaries.items() if canary in text])
        }


@pytest.fixture
def aviary(tills_of: Callable[..., Tills], worker: Worker) -> Iterator[Aviary]:
    """One linked merchant whose customers, payments and orders are canaries; nothing read yet."""
    tills = tills_of("square")
    connection = tills.link("panaderia")
    tills.sandbox.advance(sales=12)
    with tills.services.database.transaction() as transaction:
        grant = read_grant(transaction, tills.services.vault, connection.id).grant
    assert grant is not None
    canaries = {
        "access token": grant.access_token,
        "refresh token": str(grant.refresh_token),
        "app secret": settings_for("square", "")["SQUARE_APP_SECRET"],
        "name": NAME,
        "e-mail": EMAIL,
        "phone": PHONE,
        "card": CARD,
    }
    with between(tills.sandbox.base_url()) as cloud:
        cloud.meddle = plant
        printed = len(worker.log.read_text())
        yield Aviary(tills, cloud, worker, tills.services.settings.pos_home, canaries, printed)


def plant(exchange: Exchange) -> None:
    """Put customers' data wherever Square may put them."""
    page = json.loads(exchange.body) if exchange.status == 200 else {}
    for customer in page.get("customers", []):
        customer.update(CUSTOMER)
    for payment in page.get("payments", []):
        payment["note"] = f"{NAME} {CARD}"
        payment["buyer_email_address"] = EMAIL
        payment.setdefault("card_details", {}).setdefault("card", {})["cardholder_name"] = NAME
    for order in page.get("orders", []):
        order["note"] = f"{NAME} {PHONE} {CARD}"
    if page:
        exchange.body = json.dumps(page).encode()


def poison_one_order(exchange: Exchange) -> None:
    """One order becomes something Postgres refuses to store."""
    plant(exchange)
    if exchange.path == "/v2/orders/search":
        exchange.body = exchange.body.replace(b'"orders": [{', b'"orders": [{"total": 1e999999, ', 1)


def echo(status: int) -> Callable[[Exchange], None]:
    """Refuse, and repeat in the body all that was sent, as careless servers do."""

    def refuse(exchange: Exchange) -> None:
        sent = {**exchange.request_headers, "body": exchange.request_body.decode(), "customer": CUSTOMER, "card": CARD}
        exchange.status = status
        exchange.body = json.dumps({"errors": [{"code": "OOPS", "detail": json.dumps(sent)}], "sent": sent}).encode()

    return refuse


def test_a_good_day_is_silent(aviary: Aviary) -> None:
    """Import, sync, models: nothing printed and nothing left in a working folder holds a canary."""
    report = aviary.work(aviary.tills.history_step(), aviary.tills.live_step(), Step("transform"))

    assert report.statuses == ["success", "success"]
    [(customers,)] = aviary.tills.services.database.fetch(
        "select count(*) from raw_square.customers where payload ->> 'given_name' = %s", (NAME,)
    )
    assert customers > 0
    assert aviary.singing() == {}


def test_a_record_set_aside_is_silent(aviary: Aviary) -> None:
    """Postgres quotes the row it refuses; the row goes to quarantine and nowhere else."""
    aviary.cloud.meddle = poison_one_order

    report = aviary.work(aviary.tills.live_step())

    assert report.statuses == ["partial"]
    [(payload,)] = aviary.tills.services.database.fetch("select payload from pos.quarantine")
    assert NAME.encode() in payload
    assert aviary.singing() == {}


def test_a_refused_load_is_silent(aviary: Aviary) -> None:
    """A constraint no row satisfies refuses the load for good; its message says which, not what the row held."""
    with aviary.tills.services.database.transaction() as transaction:
        transaction.execute("alter table raw_square.payments add constraint nothing_fits check (false)")

    report = aviary.work(aviary.tills.live_step())

    assert report.statuses == ["failed"]
    assert "nothing_fits" in report.errors[0]
    assert aviary.singing() == {}


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_an_echoing_server_is_silent(aviary: Aviary, status: int) -> None:
    """A refusal whose body repeats token, secret and customer is reported without its body."""
    aviary.cloud.meddle = echo(status)

    report = aviary.work(aviary.tills.live_step("orders"))

    assert report.statuses == ["failed"]
    assert report.errors
    assert aviary.singing() == {}


def test_a_failed_run_is_silent(aviary: Aviary, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Dagster keeps of a run that failed, stack traces included, holds no canary."""
    monkeypatch.setenv("SQUARE_BASE_URL", aviary.cloud.url)
    aviary.cloud.meddle = echo(401)

    with dg.DagsterInstance.ephemeral() as instance:
        register_tenants(instance, ["t-panaderia"])
        job = build_definitions(aviary.tills.services).resolve_job_def("square_sync")
        result = job.execute_in_process(instance=instance, raise_on_error=False, partition_key="t-panaderia")
        aviary.said += [str(entry) for entry in instance.all_logs(result.run_id)]

    assert not result.success
    assert "the merchant's token is not accepted" in "".join(aviary.said)
    assert aviary.singing() == {}
