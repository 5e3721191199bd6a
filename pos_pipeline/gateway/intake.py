"""Stores deliveries in the groups they arrive in: one transaction for all that came while the last one was written.

A delivery is answered after its commit and not before. At 500 a second a transaction each would be all this
machine does; together they cost little more than one.
"""

import asyncio
from collections.abc import Sequence

from anyio.to_thread import run_sync

from pos_pipeline.orchestration.inbox import Fate, store
from pos_pipeline.warehouse.database import Database
from pos_pipeline.webhooks import WebhookEvent

MOST_TOGETHER = 500


class Intake:
    """The inbox of one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, list[tuple[Sequence[WebhookEvent], asyncio.Future[list[Fate]]]]] = {}
        self._writer: asyncio.Task[None] | None = None

    async def put(self, provider: str, events: Sequence[WebhookEvent]) -> list[Fate]:
        """What became of these events; they are committed.

        Raises:
            WarehouseUnavailable: they are not.
        """
        answer: asyncio.Future[list[Fate]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(provider, []).append((events, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            provider = next(iter(self._waiting))
            queue = self._waiting.pop(provider)
            group, rest = queue[:MOST_TOGETHER], queue[MOST_TOGETHER:]
            if rest:
                self._waiting[provider] = rest
            events = [event for some, _ in group for event in some]
            try:
                fates = iter(await run_sync(store, self._database, provider, events))
            except Exception as error:  # noqa: BLE001 - each waiting request answers for itself
                for _, answer in group:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for some, answer in group:
                mine = [next(fates) for _ in some]
                if not answer.done():
                    answer.set_result(mine)
