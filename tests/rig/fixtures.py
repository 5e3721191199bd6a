"""Fixtures of the tests that run the whole pipeline; heavy imports wait until one is asked for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from pos_pipeline.services import Services
from rig.worker import Worker

if TYPE_CHECKING:
    from rig.post_office import Office
    from rig.tills import Tills


@pytest.fixture
def tills_of(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., "Tills"]]:
    """Opens a provider's simulated cloud: `tills_of("square", **options)`; closed when the test ends."""
    from rig.tills import open_tills  # noqa: PLC0415 - dlt and dbt take seconds to import

    with ExitStack() as stack:

        def open_one(provider: str = "square", **options: Any) -> "Tills":
            return stack.enter_context(open_tills(services, provider, monkeypatch, **options))

        yield open_one


@pytest.fixture
def office(services: Services, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator["Office"]:
    """Our queue of commands under a name of this test's own, with both its ends."""
    from pos_pipeline.consumer import listening  # noqa: PLC0415
    from rig.post_office import open_office  # noqa: PLC0415 - most tests need no broker

    monkeypatch.setattr(listening, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(listening, "FIRST_PAUSE_SECONDS", 0.02)
    with open_office(services, rabbitmq_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A process that does the pipeline's work and may be killed."""
    one = Worker(tmp_path_factory.mktemp("worker") / "log")
    yield one
    one.close()
