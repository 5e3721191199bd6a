"""Tenants by name."""

import pytest

from pos_pipeline.accounts.tenants import create_tenant, list_tenants, tenant_by_slug
from pos_pipeline.errors import InvalidRequest, NotFound
from pos_pipeline.warehouse.database import Database


def test_tenant_is_found_by_slug(database: Database) -> None:
    """What was made is found, and listed by slug."""
    late, early = create_tenant(database, "pan", " Pan "), create_tenant(database, "cafe-1", "Café")

    assert tenant_by_slug(database, "pan") == late
    assert late.name == "Pan"
    assert list_tenants(database) == [early, late]


@pytest.mark.parametrize("slug", ["", "Pan", "pan y sal", "-pan", "a" * 64, "pan\n"])
def test_slug_is_fit_for_a_url(database: Database, slug: str) -> None:
    """A slug that would need quoting somewhere is refused."""
    with pytest.raises(InvalidRequest, match="lower-case letters"):
        create_tenant(database, slug, "Pan")


def test_slug_is_taken_once(database: Database) -> None:
    """The second tenant of a name has to choose another; a nameless one is refused."""
    create_tenant(database, "pan", "Pan")

    with pytest.raises(InvalidRequest, match="'pan' is taken"):
        create_tenant(database, "pan", "Other")
    with pytest.raises(InvalidRequest, match="needs a name"):
        create_tenant(database, "sal", "  ")


def test_unknown_tenant_is_said(database: Database) -> None:
    """A tenant that does not exist is named in the message."""
    with pytest.raises(NotFound, match="there is no 'nobody'"):
        tenant_by_slug(database, "nobody")
