"""kill -9 at some forty places between the till and the broker; whoever comes next makes it whole.

Most kills hit one pipeline that goes on living: sales are rung up, a worker is killed at a place, the
next one resumes, and every figure is compared with the shops' own ledger. Some hit a first import.
Places are counted in a run that is left alone, so that they are spread over what really happens.

One provider is killed everywhere. The others share the code between their reader and the broker with it,
so they are killed at some places, chosen where their own pages and models are at work.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from rig.books import assert_reconciled
from rig.crash_points import PHASES
from rig.job import Job, Place, Step
from rig.listener import Listener, listening
from rig.tills import Tills, open_tills
from rig.worker import Worker

from pos_pipeline.accounts.vault import open_vault
from pos_pipeline.provider import Provider, Reading
from pos_pipeline.providers import load_providers
from pos_pipeline.services import Services
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse.database import Database

EVERYWHERE = "square"
"""The provider that is killed at every place."""
SHARES = (0.0, 0.5, 0.95)
"""How far into a phase a worker is killed."""
SOME_SHARES = {"extract": (0.25, 0.75), "load": (0.5,), "transform": (0.5,)}
IMPORT_SHARE = 0.6
WINDOWS = {
    "a stream is about to be copied": Place("load", 1, "before copy"),
    "one stream is copied and others are not": Place("load", 1, "after copy"),
    "dlt has not noted that its job is done": Place("load", 1, "before job end"),
    "everything is copied and the ledger does not know": Place("load", 1, "after package end"),
    "the ledger is written and not committed": Place("load", 1, "before commit"),
    "the ledger is committed and nothing is modelled": Place("load", 1, "after commit"),
    "loads are claimed and nothing is modelled": Place("transform", 1, "after commit"),
    "a model is written and not committed": Place("transform", 6, "before dbt commit"),
    "a model is committed and the next is not": Place("transform", 6, "after dbt commit"),
    "all is modelled and the batch is not settled": Place("transform", 2, "before commit"),
    "the broker has a message we have not marked": Place("publish", 1, "after message"),
    "all messages are sent and the marks not committed": Place("publish", 1, "before commit"),
}

SOME_WINDOWS = (
    "one stream is copied and others are not",
    "everything is copied and the ledger does not know",
    "a model is committed and the next is not",
)
ALL_IMPORTS = ("load", "transform")
SOME_IMPORTS = ("transform",)

LEFTOVERS = {
    "logs left open": "select id from pos.sync_logs where status = 'in_progress'",
    "batches left open": "select batch_id from etl.batches where status <> 'done'",
    "loads nobody claimed": "select load_id from etl.loads where batch_id is null",
    "events not sent": "select id from pos.outbox where published_at is null",
    "syncs without their event, or events without their sync": """
        select done.pos_account_id, done.syncs, told.events from (
            select pos_account_id, count(*) as syncs from pos.sync_logs where status = 'success' group by 1
        ) as done
        full join (
            select (payload ->> 'pos_account_id')::uuid as pos_account_id, count(*) as events
            from pos.outbox where routing_key = 'pos.sync_completed' group by 1
        ) as told using (pos_account_id)
        where done.syncs is distinct from told.events
    """,
}
STALE_MARK = """
select w.connection_id, w.stream, w.position_at, w.position_no, seen.newest_at, seen.newest_no
from etl.watermarks as w
inner join (
    select connection_id, max(version_at) as newest_at, max(version_no) as newest_no
    from raw_{provider}.{stream} inner join etl.loads on load_id = _dlt_load_id and pos_provider = '{provider}'
    group by connection_id
) as seen using (connection_id)
inner join pos.connections as c on c.id = w.connection_id
where
    w.stream = '{stream}'
    and seen.newest_at >= c.live_since
    and coalesce(w.position_at {stale} seen.newest_at, w.position_no <> seen.newest_no, true)
"""
READ_TO_THE_PRESENT = {("toast", "payments")}
"""Streams whose mark is how far was read, also where there was nothing; it may only not be behind."""


def leftovers_of(provider: Provider) -> dict[str, str]:
    """What nobody may find after a resumed run: queries without rows."""
    marks = {}
    for stream in (stream.name for stream in provider.streams if stream.reading is Reading.WINDOWED):
        stale = "<" if (provider.name, stream) in READ_TO_THE_PRESENT else "<>"
        query = STALE_MARK.format(provider=provider.name, stream=stream, stale=stale)
        marks[f"watermark of {stream} is not the newest row"] = query
    return LEFTOVERS | marks


def ways_to_die(everywhere: Sequence[Any], some: Sequence[Any]) -> list[Any]:
    """Test parameters: a provider and a place (a tuple or a name), by provider."""
    return [
        (provider, *(place if isinstance(place, tuple) else (place,)))
        for provider in sorted(load_providers())
        for place in (everywhere if provider == EVERYWHERE else some)
    ]


@dataclass
class Shop:
    """Linked merchants, who listens to their events, and who works for them."""

    tills: Tills
    listener: Listener
    worker: Worker

    @property
    def rest(self) -> list[Step]:
        """What follows a sync."""
        return [Step("transform"), Step("publish", exchange=self.listener.exchange)]

    def daily_job(self) -> Job:
        """What happens every quarter of an hour."""
        return self.tills.job(self.tills.live_step(), *self.rest)

    def first_job(self) -> Job:
        """What happens after linking."""
        return self.tills.job(self.tills.history_step(), self.tills.live_step(), *self.rest)

    def kill_and_resume(self, job: Job, place: Place) -> None:
        """Let a worker die at `place` and another do the same job."""
        died = self.worker.kill(job, place)
        assert died.signal == signal.SIGKILL, f"{place} was not reached"
        self.worker.run(job)

    def assert_whole(self) -> None:
        """Everything is as if nobody had died; an event may have come twice, as the same message."""
        database = self.tills.services.database
        assert_reconciled(database, self.tills.truth())
        queries = leftovers_of(self.tills.services.providers[self.tills.provider])
        assert {what: rows for what, query in queries.items() if (rows := database.fetch(query))} == {}
        sent = {str(event_id): payload for event_id, payload in database.fetch("select id, payload from pos.outbox")}
        heard = self.listener.listen()
        assert heard.keys() == sent.keys()
        assert all(payload == sent[message_id] for message_id, times in heard.items() for payload in times)


@pytest.fixture(scope="module")
def linked(
    request: pytest.FixtureRequest,
    server: Any,
    template: str,
    rabbitmq_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Tills, str]]:
    """Two merchants of the provider linked and nothing read yet, with the database's name."""
    name = server.create(template)
    settings = Settings(
        pos_home=tmp_path_factory.mktemp("home"),
        database_url=SecretStr(server.url_of(name)),
        rabbitmq_url=SecretStr(rabbitmq_url),
    )
    database = Database(server.url_of(name))
    services = Services(settings, database, load_providers(), open_vault(settings))
    with pytest.MonkeyPatch.context() as patch, open_tills(services, request.param, patch) as tills:
        for merchant in tills.sandbox.world.merchants:
            tills.link(merchant)
        database.close()
        yield tills, name
    server.drop(name)


@contextmanager
def _copy(server: Any, linked: tuple[Tills, str], worker: Worker, rabbitmq_url: str) -> Iterator[Shop]:
    tills, name = linked
    copy = server.create(name)
    database = Database(server.url_of(copy))
    with listening(rabbitmq_url) as listener:
        yield Shop(replace(tills, services=replace(tills.services, database=database)), listener, worker)
    database.close()
    server.drop(copy)


@pytest.fixture
def new_shop(server: Any, linked: tuple[Tills, str], worker: Worker, rabbitmq_url: str) -> Iterator[Shop]:
    """A database in which nothing has been read."""
    with _copy(server, linked, worker, rabbitmq_url) as shop:
        yield shop


@pytest.fixture(scope="module")
def shop(server: Any, linked: tuple[Tills, str], worker: Worker, rabbitmq_url: str) -> Iterator[Shop]:
    """A pipeline that has imported everything and goes on living."""
    with _copy(server, linked, worker, rabbitmq_url) as one:
        worker.run(one.first_job())
        yield one


@pytest.fixture(scope="module")
def places(shop: Shop) -> dict[str, int]:
    """How many places a daily job passes, by phase."""
    shop.tills.sandbox.advance(sales=12)
    return {phase: len(names) for phase, names in shop.worker.run(shop.daily_job()).passed.items()}


@pytest.fixture(scope="module")
def import_places(server: Any, linked: tuple[Tills, str], worker: Worker, rabbitmq_url: str) -> dict[str, int]:
    """The same of a first import."""
    with _copy(server, linked, worker, rabbitmq_url) as one:
        return {phase: len(names) for phase, names in worker.run(one.first_job()).passed.items()}


@pytest.mark.parametrize(
    ("linked", "phase", "share"),
    ways_to_die(
        [(phase, share) for phase in PHASES for share in SHARES],
        [(phase, share) for phase, shares in SOME_SHARES.items() for share in shares],
    ),
    indirect=["linked"],
    scope="module",
)
def test_killed_anywhere(shop: Shop, places: dict[str, int], phase: str, share: float) -> None:
    """A worker dies somewhere in a phase; the next one brings every figure to the truth."""
    shop.tills.sandbox.advance(sales=12)

    shop.kill_and_resume(shop.daily_job(), Place(phase, 1 + int(share * (places[phase] - 1))))

    shop.assert_whole()


@pytest.mark.parametrize(
    ("linked", "moment"), ways_to_die([*WINDOWS], SOME_WINDOWS), indirect=["linked"], scope="module"
)
def test_killed_between_two_commits(shop: Shop, moment: str) -> None:
    """A worker dies where one store knows and the other does not; nothing is lost and nothing counted twice."""
    shop.tills.sandbox.advance(sales=12)

    shop.kill_and_resume(shop.daily_job(), WINDOWS[moment])

    shop.assert_whole()


@pytest.mark.parametrize(
    ("linked", "phase"), ways_to_die(ALL_IMPORTS, SOME_IMPORTS), indirect=["linked"], scope="module"
)
def test_first_import_killed(new_shop: Shop, import_places: dict[str, int], phase: str) -> None:
    """The first import, or the first building of the marts, dies and is taken up again."""
    new_shop.kill_and_resume(new_shop.first_job(), Place(phase, 1 + int(IMPORT_SHARE * (import_places[phase] - 1))))

    new_shop.assert_whole()


@pytest.mark.parametrize("linked", [EVERYWHERE], indirect=True, scope="module")
def test_killed_again_while_resuming(shop: Shop) -> None:
    """Two workers die one after the other in the same working folder; the third finds what it needs."""
    shop.tills.sandbox.advance(sales=12)
    shop.worker.kill(shop.daily_job(), WINDOWS["one stream is copied and others are not"])

    shop.kill_and_resume(shop.daily_job(), WINDOWS["everything is copied and the ledger does not know"])

    shop.assert_whole()


@pytest.mark.parametrize("linked", [EVERYWHERE], indirect=True, scope="module")
def test_quiet_resume_after_the_last_step(shop: Shop) -> None:
    """All was modelled when the worker died; the next run settles it though the till brings nothing new."""
    shop.tills.sandbox.advance(sales=12)
    shop.worker.kill(shop.daily_job(), WINDOWS["all is modelled and the batch is not settled"])

    shop.worker.run(msgspec.structs.replace(shop.daily_job(), steps=shop.rest))

    shop.assert_whole()
