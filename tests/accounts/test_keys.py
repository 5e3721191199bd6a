"""The key file."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from pos_pipeline.accounts.keys import KEY_FILE, KeyFile
from pos_pipeline.errors import Misconfigured


def values(home: Path) -> list[str]:
    """The keys in the file."""
    return [key.get_secret_value() for key in KeyFile(home).read_or_make()]


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else reads the keys, neither of the first file nor of one that a rotation wrote."""
    file = KeyFile(tmp_path / "made" / "on" / "demand")
    for write in (file.read_or_make, file.add_key):
        write()

        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    """Eight first starts at once leave one key, and all of them use it."""
    with multiprocessing.get_context("fork").Pool(8) as processes:
        seen = processes.map(values, [tmp_path] * 8, chunksize=1)

    assert len({tuple(keys) for keys in seen}) == 1
    assert len(seen[0]) == 1


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    """Every key that ever sealed something stays in the file, newest first."""
    [first] = values(tmp_path)
    with multiprocessing.get_context("fork").Pool(4) as processes:
        processes.map(add_key, [tmp_path] * 4, chunksize=1)
    keys = values(tmp_path)

    assert len(set(keys)) == 5
    assert keys[-1] == first


def add_key(home: Path) -> None:
    """Rotate in a process of its own."""
    KeyFile(home).add_key()


@pytest.mark.parametrize(
    ("content", "message"), [("", "holds no key"), ("nonsense\n", "key 1 of 1 is not a Fernet key")]
)
def test_damaged_file_is_said_and_kept(tmp_path: Path, content: str, message: str) -> None:
    """A damaged file is never replaced by a new key, which would make every stored token unreadable."""
    (tmp_path / KEY_FILE).write_text(content)

    with pytest.raises(Misconfigured, match=message) as raised:
        values(tmp_path)
    assert str(tmp_path / KEY_FILE) in str(raised.value)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A home below a file names the file and the setting that avoids it."""
    (tmp_path / "occupied").write_text("")

    with pytest.raises(Misconfigured, match="POS_TOKEN_KEYS"):
        values(tmp_path / "occupied" / "home")
