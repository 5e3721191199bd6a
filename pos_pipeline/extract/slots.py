"""A working folder for one dlt run, never shared by two processes.

dlt keeps unfinished packages in its folder, so a folder must have one owner. Slots are numbered
folders, each guarded by a file lock that the kernel drops when the owner dies; a killed run's
packages stay in its slot until the next owner throws them away.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Slot:
    """A folder this process owns. `name` is unique among all running pipelines of this home."""

    name: str
    folder: Path


@contextmanager
def take_slot(home: Path, provider: str) -> Iterator[Slot]:
    """The lowest free slot of `provider` below `home`, for as long as the block runs."""
    number = 0
    while True:
        folder = home / "dlt" / provider / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "owner.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                number += 1
                continue
            yield Slot(f"{provider}_{number}", folder)
            return
