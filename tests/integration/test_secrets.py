"""Canaries: tokens, the app's secret and customers' data are planted, everything goes wrong, and nothing sings.

The work is done by a process of its own, so that whatever it prints is heard: our logs, dlt's, dbt's,
and what a Dagster run would capture. What may hold customers' data is raw, marts and the quarantine.
Every provider is listened to.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rig.job import Job, Report, Step
from rig.meddler import SALES_PATHS, Exchange, Meddler, between
from rig.tills import Tills, count_rows, settings_for
from rig.worker import Worker

from pos_pipeline.accounts.grants import read_grant
from pos_pipeline.definitions import build_definitions
from pos_pipeline.errors import Unauthorised
from pos_pipeline.orchestration.instance import register_tenants
from pos_pipeline.providers import load_providers

NAME, EMAIL, PHONE = "Canaria", "secreta@correo.example", "+34600999111"
"""Short, because Postgres and dlt cut what they quote."""
CARD = "4111111111111111"
CUSTOMER = {"given_name": NAME, "family_name": NAME, "email_address": EMAIL, "phone_number": PHONE}
PLACES = {
    NAME: {"given_name", "family_name", "firstName", "lastName", "first_name", "last_name", "cardholder_name"},
    EMAIL: {"email", "email_address", "buyer_email_address"},
    PHONE: {"phone", "phone_number", "mobile"},
}
"""Members of the providers' objects that hold customers' data."""
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
    sales_stream: str
    said: list[str] = field(default_factory=list)
    """What callers got to see: errors of syncs and of the transform."""

    def work(self, *steps: Step) -> Report:
        """Do it elsewhere; a failure is part of the exercise."""
        job = Job(self.tills.job().settings, settings_for(self.tills.provider, self.cloud.url), list(steps))
        report = self.worker.run(job)
        self.said += report.errors
        return report

    def spoil(self, meddle: Callable[[Exchange], None]) -> None:
        """Let `meddle` change the answers; whatever token asks becomes a canary."""

        def overhear(exchange: Exchange) -> None:
            _, _, token = exchange.request_headers.get("authorization", "").partition(" ")
            if token:
                self.canaries[f"token {len(self.canaries)}"] = token
            meddle(exchange)

        self.cloud.meddle = overhear

    def singing(self) -> dict[str, list[str]]:
        """Which canaries are heard where; empty when all are silent."""
        places = {"printed": self.worker.log.read_text()[self.printed_before :], "said": "\n".join(self.said)}
        places |= {what: str(self.tills.services.database.fetch(query)) for what, query in SPOKEN.items()}
        places |= {str(path): path.read_bytes().decode("latin-1") for path in self.home.rglob("*") if path.is_file()}
        places.pop(str(self.home / "token.keys"), None)
        return {
            place: heard
            for place, text in places.items()
            if (heard := [name for name, canary in self.canaries.items() if canary and canary in text])
        }


@pytest.fixture(params=sorted(load_providers()))
def aviary(request: pytest.FixtureRequest, tills_of: Callable[..., Tills], worker: Worker) -> Iterator[Aviary]:
    """One linked merchant whose customers, payments and sales are canaries; nothing read yet."""
    tills = tills_of(request.param)
    [connection] = tills.link("panaderia")
    streams = tills.services.providers[request.param].streams
    tills.sandbox.advance(sales=12)
    with tills.services.database.transaction() as transaction:
        grant = read_grant(transaction, tills.services.vault, connection.id).grant
    assert grant is not None
    canaries = {
        "access token": grant.access_token,
        "refresh token": grant.refresh_token or "",
        "app secret": next(value for name, value in tills.environment.items() if name.endswith("_SECRET")),
        "name": NAME,
        "e-mail": EMAIL,
        "phone": PHONE,
        "card": CARD,
    }
    with between(tills.sandbox.base_url(request.param)) as cloud:
        printed = len(worker.log.read_text())
        sales = next(stream.name for stream in streams if stream.counts_as_transactions)
        one = Aviary(tills, cloud, worker, tills.services.settings.pos_home, canaries, printed, sales)
        one.spoil(plant)
        yield one


def plant(exchange: Exchange) -> None:
    """Put customers' data wherever a POS may put them, and a note with all of it on every object."""
    if exchange.status == 200 and exchange.body.lstrip()[:1] in {b"{", b"["} and is_data(exchange):
        exchange.body = json.dumps(with_canaries(json.loads(exchange.body))).encode()


def is_data(exchange: Exchange) -> bool:
    """Whether the answer is one that streams read; tokens are canaries already."""
    return not any(word in exchange.path for word in ("token", "login"))


def with_canaries(found: Any) -> Any:
    """The same JSON with canaries in it."""
    if isinstance(found, list):
        return [with_canaries(each) for each in found]
    if not isinstance(found, dict):
        return found
    planted = {name: next((c for c, names in PLACES.items() if name in names), None) for name in found}
    changed = {name: planted[name] or with_canaries(value) for name, value in found.items()}
    return changed | {"note": f"{NAME} {EMAIL} {PHONE} {CARD}"} if {"id", "guid"} & changed.keys() else changed


def poison_one_sale(exchange: Exchange) -> None:
    """The first object of every list of sales becomes something Postgres refuses to store."""
    plant(exchange)
    if any(exchange.path.partition("?")[0].endswith(path) for path in SALES_PATHS.values()):
        exchange.body = exchange.body.replace(b"[{", b'[{"total": 1e999999, ', 1)


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
    table = f"raw_{aviary.tills.provider}.{aviary.sales_stream}"
    assert count_rows(aviary.tills.services.database, f"{table} where payload::text like '%{EMAIL}%'") > 0
    assert aviary.singing() == {}


def test_a_record_set_aside_is_silent(aviary: Aviary) -> None:
    """Postgres quotes the row it refuses; the row goes to quarantine and nowhere else."""
    aviary.spoil(poison_one_sale)

    report = aviary.work(aviary.tills.live_step())

    assert report.statuses == ["partial"]
    set_aside = aviary.tills.services.database.fetch("select payload from pos.quarantine")
    assert set_aside
    assert all(NAME.encode() in payload for (payload,) in set_aside)
    assert aviary.singing() == {}


def test_a_refused_load_is_silent(aviary: Aviary) -> None:
    """A constraint no row satisfies refuses the load for good; its message says which, not what the row held."""
    with aviary.tills.services.database.transaction() as transaction:
        table = f"raw_{aviary.tills.provider}.{aviary.sales_stream}"
        transaction.execute(f"alter table {table} add constraint nothing_fits check (false)")

    report = aviary.work(aviary.tills.live_step())

    assert report.statuses == ["failed"]
    assert "nothing_fits" in report.errors[0]
    assert aviary.singing() == {}


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_an_echoing_server_is_silent(aviary: Aviary, status: int) -> None:
    """A refusal whose body repeats token, secret and customer is reported without its body."""
    aviary.spoil(echo(status))

    report = aviary.work(aviary.tills.live_step(aviary.sales_stream))

    assert report.statuses == ["failed"]
    assert report.errors
    assert aviary.singing() == {}


def test_a_failed_run_is_silent(aviary: Aviary, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Dagster keeps of a run that failed, stack traces included, holds no canary."""
    for name, value in settings_for(aviary.tills.provider, aviary.cloud.url).items():
        monkeypatch.setenv(name, value)
    aviary.spoil(echo(401))

    with dg.DagsterInstance.ephemeral() as instance:
        register_tenants(instance, ["t-panaderia"])
        job = build_definitions(aviary.tills.services).resolve_job_def(f"{aviary.tills.provider}_sync")
        result = job.execute_in_process(instance=instance, raise_on_error=False, partition_key="t-panaderia")
        aviary.said += [str(entry) for entry in instance.all_logs(result.run_id)]

    assert not result.success
    assert Unauthorised.action_required in "".join(aviary.said)
    assert aviary.singing() == {}
