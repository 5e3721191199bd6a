"""One folder per POS; each exports `PROVIDER`. Adding a folder adds a provider, nothing else does.

Folders may also lie elsewhere, side by side below a directory that `POS_PROVIDERS_PATH` names.
"""

import importlib
import os
import pkgutil

from pos_pipeline.provider import Provider
from pos_pipeline.settings import Settings, load_settings


def load_providers() -> dict[str, Provider]:
    """Every provider below this package and the configured directories by name, sorted.

    Raises:
        Misconfigured: a setting does not parse.
    """
    elsewhere = load_settings(Settings).pos_providers_path
    for folder in elsewhere.split(os.pathsep) if elsewhere else ():
        if folder not in __path__:
            __path__.append(folder)
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {name: importlib.import_module(f"{__name__}.{name}").PROVIDER for name in names}
