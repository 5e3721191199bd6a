"""Where the keys of the vault come from: the settings, or a file made at the first start.

The file holds one Fernet key a line, newest first, readable by its owner only. Two processes that
start together agree on one key, because making and changing the file happens under a file lock.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from pos_pipeline.errors import Misconfigured

KEY_FILE = "token.keys"
KEY_BYTES = 32


def checked(keys: Sequence[SecretStr], place: str) -> Sequence[SecretStr]:
    """`keys` as they came, each known to be a Fernet key.

    Raises:
        Misconfigured: says which key in `place` is malformed, never what it is.
    """
    if not keys:
        raise Misconfigured(f"{place}: holds no key. Put the key back, or unset it to have a key file made.")
    for number, key in enumerate(keys, start=1):
        if not _is_key(key):
            raise Misconfigured(
                f"{place}: key {number} of {len(keys)} is not a Fernet key ({KEY_BYTES} bytes as url-safe base64, "
                '44 characters). Make one with: python -c "from cryptography.fernet import Fernet; '
                'print(Fernet.generate_key().decode())"'
            )
    return keys


def _is_key(key: SecretStr) -> bool:
    try:
        Fernet(key.get_secret_value())
    except ValueError:
        return False
    return True


class KeyFile:
    """`token.keys` in the home of this installation."""

    def __init__(self, home: Path) -> None:
        self.path = home / KEY_FILE
        self._seen: tuple[int, int] | None = None

    def read_or_make(self) -> Sequence[SecretStr]:
        """The keys, newest first; makes the file with one key when there is none.

        Raises:
            Misconfigured: the file cannot be read or made, or a key in it is malformed.
        """
        try:
            if not self.path.exists():
                with self._locked():
                    if not self.path.exists():
                        self._write([_new_key()])
            return self._read()
        except OSError as error:
            raise Misconfigured(
                f"{self.path}: {error.strerror}. Let this user read and write it, or set POS_TOKEN_KEYS."
            ) from None

    def read_if_changed(self) -> Sequence[SecretStr] | None:
        """The keys when the file changed since it was last read, else None (also while it is away)."""
        try:
            return self._read() if self._stamp() != self._seen else None
        except OSError:
            return None

    def add_key(self) -> Sequence[SecretStr]:
        """Put a new key in front and keep the old ones; all keys, newest first."""
        self.read_or_make()
        with self._locked():
            self._write([_new_key(), *self._read()])
        return self._read()

    def _read(self) -> Sequence[SecretStr]:
        self._seen = self._stamp()
        lines = self.path.read_text(encoding="ascii", errors="replace").split()
        return checked([SecretStr(line) for line in lines], str(self.path))

    def _stamp(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_ino, found.st_mtime_ns

    def _write(self, keys: Sequence[SecretStr]) -> None:
        """Replace the file whole: a reader sees the old keys or the new ones, a crash loses none."""
        draft = self.path.with_name(f"{KEY_FILE}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(f"{key.get_secret_value()}\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path.with_name(f"{KEY_FILE}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _new_key() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())
