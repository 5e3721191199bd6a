"""Many connections read at once, one load fed: threads in front, a bounded queue, one consumer.

The queue holds few batches, so that a slow database slows the reading down instead of filling
memory. When the consumer stops, the readers notice at their next batch.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from pos_pipeline.extract.raw import Batch
from pos_pipeline.extract.reading import Emit, Stopped

READERS = 16
QUEUED_BATCHES = 2
_STOP_CHECK_SECONDS = 0.2


class Flow:
    """Runs `tasks` in threads; iterating gives their batches until all have ended."""

    def __init__(self, tasks: Sequence[Callable[[Emit], None]], readers: int = READERS) -> None:
        self._queue: queue.Queue[Batch | None] = queue.Queue(QUEUED_BATCHES)
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(min(readers, len(tasks)) or 1, thread_name_prefix="reader")
        self._futures = [self._pool.submit(self._run, task) for task in tasks]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Batch]:
        """Batches as they come.

        Raises:
            Exception: whatever a task raised, once all have ended.
        """
        running = len(self._futures)
        while running:
            batch = self._queue.get()
            if batch is None:
                running -= 1
            else:
                yield batch
        for future in self._futures:
            future.result()

    def _run(self, task: Callable[[Emit], None]) -> None:
        try:
            task(self._put)
        finally:
            with suppress(Stopped):
                self._put(None)

    def _put(self, batch: Batch | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(batch, timeout=_STOP_CHECK_SECONDS)
            except queue.Full:
                continue
            return
        raise Stopped
