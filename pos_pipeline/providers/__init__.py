"""One folder per POS; each exports `PROVIDER`. Adding a folder adds a provider, nothing else does."""

import importlib
import pkgutil

from pos_pipeline.provider import Provider


def load_providers() -> dict[str, Provider]:
    """Every provider below this package by name, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {name: importlib.import_module(f"{__name__}.{name}").PROVIDER for name in names}
