"""What `doctor` looks at, one function per thing; none stops because another failed."""

# ruff: noqa: PLC0415 - `--help` does without the core

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from pos_pipeline.commands._warehouse import database_version, program_version, require_migrated
from pos_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pos_pipeline.provider import Provider
    from pos_pipeline.services import Services
    from pos_pipeline.settings import Settings

REACH_SECONDS = 5.0
SKEW_LIMIT = timedelta(seconds=30)
"""Sync windows end at our clock: a clock further off misses sales, or asks for a future the POS refuses."""
DISK_LEAST_BYTES = 1_000_000_000
DISK_ENOUGH_BYTES = 5_000_000_000

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One line of the report. A warning limits what works; a fault stops something that should work."""

    check: str
    state: State
    detail: str
    action: str = ""


def examine(settings: "Settings") -> Iterator[Finding]:
    """All findings, the environment first; what needs the warehouse only if it is there."""
    yield Finding("settings", "ok", f"home {settings.pos_home}")
    yield from _guarded("disk", lambda: _disk(settings))
    services, fault = _open(settings)
    if services is None:
        yield fault
        yield from _guarded("RabbitMQ", lambda: _broker(settings))
        return
    with services:
        yield from _guarded("warehouse", lambda: _warehouse(services))
        yield from _guarded("clock", lambda: _database_clock(services))
        is_migrated = database_version(services.database) == program_version()
        if is_migrated:
            yield from _guarded("token keys", lambda: _token_keys(services))
            yield from _guarded("events", lambda: _events(services))
            yield from _guarded("accounts", lambda: _accounts(services))
        yield from _guarded("dbt", lambda: _manifest(settings))
        yield from _guarded("RabbitMQ", lambda: _broker(settings))
        linked = _linked_merchants(services) if is_migrated else {}
        for provider in services.providers.values():
            yield from _guarded(provider.name, lambda p=provider: _provider(p, linked.get(p.name)))  # type: ignore[misc]


def _guarded(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except PipelineError as error:
        yield Finding(name, "fault", str(error).removeprefix(f"{name}: "), error.action_required)


def _open(settings: "Settings") -> "tuple[Services | None, Finding]":
    from pos_pipeline.services import open_services

    try:
        return open_services(settings), Finding("warehouse", "ok", "")
    except PipelineError as error:
        return None, Finding("warehouse", "fault", str(error), error.action_required)


def _disk(settings: "Settings") -> Iterator[Finding]:
    place = next(folder for folder in (settings.pos_home, *settings.pos_home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free at {place}"
    if free < DISK_LEAST_BYTES:
        yield Finding("disk", "fault", detail, f"Make room: at least {DISK_LEAST_BYTES / 1e9:.0f} GB.")
    elif free < DISK_ENOUGH_BYTES:
        yield Finding("disk", "warning", detail, "Make room soon, an import of a large history may need more.")
    else:
        yield Finding("disk", "ok", detail)


def _warehouse(services: "Services") -> Iterator[Finding]:
    database = services.database
    [(server,)] = database.fetch("select current_setting('server_version')")
    kind = "embedded " if services.settings.database_url is None else ""
    yield Finding("warehouse", "ok", f"{kind}Postgres {server.split()[0]} at {database.place}")
    require_migrated(database)
    yield Finding("migrations", "ok", f"version {database_version(database)} of {program_version()}")


def _database_clock(services: "Services") -> Iterator[Finding]:
    [(theirs,)] = services.database.fetch("select clock_timestamp()")
    yield _clock("clock", "the warehouse", theirs)


def _clock(check: str, whose: str, theirs: datetime) -> Finding:
    skew = (datetime.now(UTC) - theirs).total_seconds()
    if abs(skew) > SKEW_LIMIT.total_seconds():
        where = "ahead of" if skew > 0 else "behind"
        return Finding(
            check, "fault", f"our clock is {abs(skew):.0f} s {where} {whose}", "Set this machine's clock by NTP."
        )
    return Finding(check, "ok", f"within {SKEW_LIMIT.seconds} s of {whose}")


def _token_keys(services: "Services") -> Iterator[Finding]:
    rows = services.database.fetch(
        "select id, tenant_id, access_token, refresh_token from pos.connections where access_token is not null"
    )
    unreadable = 0
    for connection_id, tenant_id, *tokens in rows:
        try:
            for token in filter(None, tokens):
                services.vault.open(token, tenant_id=tenant_id, connection_id=connection_id)
        except PipelineError as error:
            unreadable += 1
            yield Finding("token keys", "fault", str(error), error.action_required)
    if not unreadable:
        yield Finding("token keys", "ok", f"open the tokens of all {len(rows)} connections")


def _manifest(settings: "Settings") -> Iterator[Finding]:
    if not (settings.dbt_project_dir / "dbt_project.yml").exists():
        yield Finding(
            "dbt",
            "fault",
            f"no dbt project at {settings.dbt_project_dir}",
            "Run from a checkout, installed with pip install -e.",
        )
    elif not (manifest := settings.dbt_project_dir / "target" / "manifest.json").exists():
        yield Finding(
            "dbt",
            "warning",
            "the project has not been parsed",
            "Run `make setup`, which parses it; syncs and transforms need it.",
        )
    else:
        parsed = datetime.fromtimestamp(manifest.stat().st_mtime, UTC)
        yield Finding("dbt", "ok", f"manifest parsed {parsed:%Y-%m-%d %H:%M} UTC")


def _broker(settings: "Settings") -> Iterator[Finding]:
    from pos_pipeline.events.rabbitmq import EXCHANGE, open_channel

    if settings.rabbitmq_url is None:
        yield Finding(
            "RabbitMQ", "warning", "not configured: events wait in the outbox", "Set RABBITMQ_URL to send them."
        )
        return
    with open_channel(settings.rabbitmq_url.get_secret_value()):
        yield Finding("RabbitMQ", "ok", f"exchange {EXCHANGE!r} takes messages")


def _events(services: "Services") -> Iterator[Finding]:
    from pos_pipeline.events.outbox import depth

    waiting = depth(services.database)
    detail = f"{waiting.ready} to send, {waiting.held} held for the marts"
    if waiting.failed:
        action = "See `pos-pipeline events list`; bind a queue to the routing key, or make room in a full one."
        yield Finding("events", "fault", f"{detail}, {waiting.failed} refused by the broker", action)
    else:
        yield Finding("events", "ok", detail)


def _accounts(services: "Services") -> Iterator[Finding]:
    rows = services.database.fetch(
        """
        select t.slug, a.location_name, a.error_message
        from pos.accounts as a
        inner join pos.tenants as t on a.tenant_id = t.id
        where a.status = 'error' order by t.slug, a.location_name
        """
    )
    for slug, name, message in rows:
        yield Finding("accounts", "fault", f"{slug} / {name}: {message}", f"pos-pipeline accounts list {slug}")
    if not rows:
        [(active,)] = services.database.fetch("select count(*) from pos.accounts where status = 'active'")
        yield Finding("accounts", "ok", f"{active} active, none in error")


def _linked_merchants(services: "Services") -> Mapping[str, Mapping[str, str]]:
    """Attributes of one linked merchant of each POS that has any: some have an address for each merchant."""
    from pos_pipeline.accounts.connections import connections_of

    connections = connections_of(services.database, active_only=False)
    return {one.provider: one.attributes for one in connections if one.status != "disconnected"}


def _provider(provider: "Provider", merchant: Mapping[str, str] | None) -> Iterator[Finding]:
    """A POS that is neither set up nor linked is not asked: it is nobody's fault that it cannot be reached."""
    import httpx

    from pos_pipeline.settings import load_settings

    settings = load_settings(provider.settings_type)
    prefix = str(settings.model_config.get("env_prefix", ""))
    optional = [name for name, field in type(settings).model_fields.items() if field.default is None]
    missing = [f"{prefix}{name}".upper() for name in optional if getattr(settings, name) is None]
    if missing:
        yield Finding(
            provider.name,
            "warning",
            f"not set: {', '.join(missing)}",
            "Set them to link by OAuth; linking with a token works without.",
        )
    if merchant is None and missing and len(missing) == len(optional):
        return
    url = provider.base_url(settings, merchant or {})
    try:
        answer = httpx.head(url, timeout=REACH_SECONDS)
    except httpx.HTTPError as error:
        yield Finding(
            provider.name,
            "fault",
            f"{url} cannot be reached ({type(error).__name__})",
            f"Check the network, a proxy, or {prefix}BASE_URL.",
        )
        return
    yield Finding(provider.name, "ok", f"{url} answers")
    if stamp := answer.headers.get("date"):
        yield _clock(f"{provider.name} clock", url, parsedate_to_datetime(stamp))
