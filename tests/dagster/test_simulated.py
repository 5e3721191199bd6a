"""When simulated clouds stand in for the real ones."""

from pathlib import Path

import pytest

from pos_pipeline.orchestration.simulated import is_simulated_home, needs_sandbox, sandbox_environment
from pos_pipeline.settings import Settings


@pytest.mark.parametrize("variable", ["SQUARE_APP_ID", "SQUARE_APP_SECRET", "SQUARE_BASE_URL"])
def test_any_setting_of_a_real_app_keeps_the_simulation_away(variable: str) -> None:
    """One variable of a provider is enough; an empty one says nothing."""
    assert needs_sandbox({variable: ""})
    assert not needs_sandbox({variable: "x"})


def test_simulated_home_stays_with_its_tills(tmp_path: Path) -> None:
    """Only a home that holds simulated shops is led to them, and never past a real app's settings."""
    settings = Settings(pos_home=tmp_path, sandbox_port=8123)
    assert not is_simulated_home(settings, {})
    (tmp_path / "sandbox").mkdir()

    assert is_simulated_home(settings, {})
    assert not is_simulated_home(settings, {"SQUARE_APP_ID": "sq0idp-ours"})
    assert sandbox_environment(settings)["SQUARE_BASE_URL"] == "http://127.0.0.1:8123/square"
