"""When the simulated POS clouds stand in for the real ones, and what the environment must then say."""

from collections.abc import Mapping

from pos_pipeline.sandbox.square.grants import CLIENT_ID, CLIENT_SECRET
from pos_pipeline.settings import Settings


def needs_sandbox(environment: Mapping[str, str]) -> bool:
    """Whether no app of ours and no other server is configured, so that there would be nothing to read."""
    return not (environment.get("SQUARE_APP_ID") or environment.get("SQUARE_BASE_URL"))


def sandbox_environment(settings: Settings) -> dict[str, str]:
    """What leads every process to the sandbox of these settings, and makes us its app."""
    address = f"http://127.0.0.1:{settings.sandbox_port}"
    return {
        "SQUARE_BASE_URL": f"{address}/square",
        "SQUARE_APP_ID": CLIENT_ID,
        "SQUARE_APP_SECRET": CLIENT_SECRET,
    }
