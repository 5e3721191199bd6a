"""Customers of the platform: a UUID for machines, a slug for people."""

import re
from dataclasses import dataclass
from uuid import UUID

import psycopg

from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.warehouse.database import Database

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Tenant:
    """One customer."""

    id: UUID
    slug: str
    name: str


def create_tenant(database: Database, slug: str, name: str) -> Tenant:
    """A new tenant.

    Raises:
        InvalidRequest: the slug is malformed or taken, or the name is empty.
    """
    if not SLUG.fullmatch(slug):
        raise InvalidRequest(
            f"tenant: slug {slug!r} is not lower-case letters, digits and hyphens (63 at most, no leading hyphen)."
        )
    if not name.strip():
        raise InvalidRequest(f"tenant: {slug} needs a name.")
    try:
        [row] = database.fetch(
            "insert into pos.tenants (slug, name) values (%s, %s) returning id, slug, name", (slug, name.strip())
        )
    except psycopg.errors.UniqueViolation:
        raise InvalidRequest(f"tenant: slug {slug!r} is taken; choose another.") from None
    return Tenant(*row)


def tenant_by_slug(database: Database, slug: str) -> Tenant:
    """The tenant people call `slug`.

    Raises:
        NotFound: there is none.
    """
    rows = database.fetch("select id, slug, name from pos.tenants where slug = %s", (slug,))
    if not rows:
        raise NotFound(f"tenant: there is no {slug!r}.")
    return Tenant(*rows[0])


def list_tenants(database: Database) -> list[Tenant]:
    """All tenants by slug."""
    return [Tenant(*row) for row in database.fetch("select id, slug, name from pos.tenants order by slug")]
