"""Opens what a command works on, and finds what its arguments name."""

# ruff: noqa: PLC0415 - `--help` does without the core

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from pos_pipeline.errors import InvalidRequest, Misconfigured, NotFound

if TYPE_CHECKING:
    from pos_pipeline.accounts.tenants import Tenant
    from pos_pipeline.services import Services
    from pos_pipeline.settings import Settings
    from pos_pipeline.warehouse.database import Database

CLOSE_ENOUGH = 60
"""Similarity (0 to 100) from which a slug is worth suggesting."""


@contextmanager
def opened(*, migrated: bool = True) -> "Iterator[Services]":
    """The services of this command, over a database of the right version.

    Raises:
        Misconfigured: a setting is wrong, or the database has to be upgraded first.
        WarehouseUnavailable: Postgres does not answer.
    """
    from pos_pipeline.services import open_services
    from pos_pipeline.settings import Settings, load_settings

    _log_to_stderr()
    settings = load_settings(Settings)
    _lead_to_simulated_tills(settings)
    with open_services(settings) as services:
        if migrated:
            require_migrated(services.database)
        yield services


def _lead_to_simulated_tills(settings: "Settings") -> None:
    """A home whose tills are simulated stays with them, so that commands after the demo need no variables."""
    if (settings.pos_home / "sandbox").is_dir():
        import os

        from pos_pipeline.orchestration.simulated import is_simulated_home, sandbox_environment

        if is_simulated_home(settings, os.environ):
            os.environ.update(sandbox_environment(settings))


def _log_to_stderr() -> None:
    """Warnings of the core go beside the result, never into it; who runs the command sees the rest in it."""
    import logging
    import sys

    import structlog

    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


def require_migrated(database: "Database") -> None:
    """Refuse a database this version cannot work with.

    Raises:
        Misconfigured: it is empty, older or newer than this program.
    """
    found, needed = database_version(database), program_version()
    if found == needed:
        return
    state = "has not been set up" if found is None else f"has version {found}, this program needs {needed}"
    error = Misconfigured(f"warehouse: {database.place} {state}.")
    error.action_required = "Bring the database up to date: pos-pipeline db upgrade"
    if found is not None and found > needed:
        error.action_required = "Install the version of pos-pipeline that upgraded the database, or a later one."
    raise error


def database_version(database: "Database") -> str | None:
    """The schema version applied to a database; None when it has none of ours."""
    if database.fetch("select to_regclass('public.pos_pipeline_version') is null")[0][0]:
        return None
    rows = database.fetch("select version_num from public.pos_pipeline_version")
    return str(rows[0][0]) if rows else None


def program_version() -> str:
    """The schema version this program was written for: the last file of the migrations."""
    from pathlib import Path

    from pos_pipeline.warehouse import migrations

    files = sorted((Path(next(iter(migrations.__path__))) / "versions").glob("[0-9]*.py"))
    return files[-1].name.partition("_")[0]


def find_tenant(database: "Database", slug: str) -> "Tenant":
    """The tenant called `slug`.

    Raises:
        NotFound: there is none; names the ones that sound alike.
    """
    from pos_pipeline.accounts.tenants import list_tenants, tenant_by_slug

    try:
        return tenant_by_slug(database, slug)
    except NotFound:
        slugs = [tenant.slug for tenant in list_tenants(database)]
    error = NotFound(f"tenant: there is no {slug!r}.")
    if not slugs:
        error.action_required = "Create it: pos-pipeline tenants create SLUG --name NAME"
    elif close := _close_to(slug, slugs):
        error.action_required = f"Did you mean {' or '.join(close)}? `pos-pipeline tenants list` shows all."
    raise error


def find_account(database: "Database", text: str) -> tuple[UUID, UUID]:
    """(account id, connection id) of the account whose id is, or begins with, `text`.

    Raises:
        InvalidRequest: several accounts begin so, or it is too short to tell.
        NotFound: none does.
    """
    wanted = text.strip().lower()
    if len(wanted) < 4 or not set(wanted) <= set("0123456789abcdef-"):  # noqa: PLR2004 - fewer digits fit too many
        raise InvalidRequest(f"account: {text!r} is no account id; give the id or its first 4 digits or more.")
    rows = database.fetch(
        "select id, connection_id from pos.accounts where starts_with(id::text, %s) limit 2", (wanted,)
    )
    if not rows:
        error = NotFound(f"account: there is no {text!r}.")
        error.action_required = "Check the id; `pos-pipeline accounts list` shows what there is."
        raise error
    if len(rows) > 1:
        raise InvalidRequest(f"account: several ids begin with {text!r}; give more of it.")
    return rows[0][0], rows[0][1]


def _close_to(slug: str, slugs: list[str]) -> list[str]:
    from rapidfuzz import fuzz, process

    return [
        found for found, _, _ in process.extract(slug, slugs, scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH, limit=3)
    ]
