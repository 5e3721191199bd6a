"""When the simulated POS clouds stand in for the real ones, and what the environment must then say."""

from collections.abc import Mapping

from pos_pipeline.sandbox.cloud import CloudKind, discover_clouds
from pos_pipeline.settings import Settings


def needs_sandbox(environment: Mapping[str, str]) -> bool:
    """Whether no app of ours and no other server is configured, so that there would be nothing to read."""
    return not configured(environment)


def configured(environment: Mapping[str, str]) -> list[str]:
    """Variables that name an app of ours or another server."""
    return [name for kind in discover_clouds() for name in _variables(kind, "") if environment.get(name)]


def sandbox_environment(settings: Settings) -> dict[str, str]:
    """What leads every process to the sandbox of these settings, and makes us its app."""
    address = f"http://127.0.0.1:{settings.sandbox_port}"
    return {name: value for kind in discover_clouds() for name, value in _variables(kind, address).items()}


def is_simulated_home(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether this home's tills are simulated ones: the demo or `dev` made them, and nothing real is configured."""
    return (settings.pos_home / "sandbox").is_dir() and needs_sandbox(environment)


def _variables(kind: CloudKind, address: str) -> dict[str, str]:
    base_url = f"{address}/{kind.name}"
    told = {name: value.replace("{base_url}", base_url) for name, value in kind.app_settings.items()}
    return {f"{kind.name.upper()}_BASE_URL": base_url, **told}
