"""What a mart's files hold, told by a file beside them.

The mark lies with the files and not in the warehouse: a folder that was lost, moved or copied says for itself how far
it is, and a new place is filled from the beginning.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from pos_pipeline.errors import Misconfigured

FILE_NAME = "_export.json"


@dataclass(frozen=True)
class Mark:
    """How far a mart's files are."""

    warehouse: str
    """When the warehouse made its first batch: another warehouse has another one."""
    batch_id: int
    """Everything up to this batch is in the files."""
    fingerprint: str | None
    """Of the SQL the mart was built from."""
    columns: Mapping[str, str]
    """The files' columns with their Postgres types."""


def read_mark(folder: Path) -> Mark | None:
    """The mark of the mart whose files are in `folder`; None when it was never exported there.

    Raises:
        Misconfigured: the file is not one of ours.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        raise Misconfigured(f"exports: {path} is no mark of an export; remove {folder}, it is written anew.") from None


def write_mark(folder: Path, mark: Mark) -> None:
    """Replace the mark at once; the last step of a mart's export."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{FILE_NAME}.unfinished"
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(asdict(mark))))
    beside.replace(folder / FILE_NAME)
