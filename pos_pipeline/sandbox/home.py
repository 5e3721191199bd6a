"""Where a sandbox remembers itself: one JSON file, replaced as a whole, so a crash leaves the old or the new."""

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pos_pipeline.errors import Misconfigured

FILE_NAME = "sandbox.json"
StructT = TypeVar("StructT")


def is_remembered(folder: Path | None) -> bool:
    """Whether a sandbox has lived in this folder, and is to go on as it was."""
    return folder is not None and (folder / FILE_NAME).exists()


class Home:
    """Named sections of state. Without a folder everything is forgotten at the end."""

    def __init__(self, folder: Path | None = None) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._sections: dict[str, Any] = {}
        if self._path is not None and self._path.exists():
            try:
                self._sections = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Any])
            except msgspec.DecodeError as error:
                raise Misconfigured(
                    f"{self._path} is not a sandbox's state ({error}); remove it to start anew"
                ) from None

    def load(self, name: str, kind: type[StructT]) -> StructT | None:
        """A section, or None when it was never saved.

        Raises:
            Misconfigured: the section was written by another version.
        """
        if name not in self._sections:
            return None
        try:
            return msgspec.convert(self._sections[name], kind)
        except msgspec.ValidationError as error:
            raise Misconfigured(f"{self._path}: section {name}: {error}; remove the file to start anew") from None

    def save(self, name: str, state: object) -> None:
        """Replace a section; on return it is on disk."""
        self._sections[name] = msgspec.to_builtins(state)
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(self._sections))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
