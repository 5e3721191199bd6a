"""Mapping after syncs: every tenant with new products or a changed catalog, each in its own transaction."""

from dataclasses import dataclass
from uuid import UUID

import psycopg
import structlog

from pos_pipeline.catalog.mapping import apply_matches
from pos_pipeline.catalog.statements import HAS_MARTS, WAITING
from pos_pipeline.services import Services

MAPPED_BY = "system"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MappingRun:
    """What mapping of all waiting tenants has brought; products are counted once per shop."""

    tenants: int = 0
    total_unmapped: int = 0
    mapped: int = 0
    high_confidence: int = 0
    failures: tuple[tuple[UUID, str], ...] = ()
    """Tenants that could not be mapped, and the kind of error. They are tried again by the next run."""
    note: str = ""


def map_waiting(services: Services) -> MappingRun:
    """Map the tenants that wait. One that fails does not hold up the others.

    Raises:
        WarehouseUnavailable: the warehouse does not answer; who was mapped until then stays mapped.
    """
    if not services.settings.auto_mapping_enabled:
        return MappingRun(note="AUTO_MAPPING_ENABLED is off")
    [(has_marts,)] = services.database.fetch(HAS_MARTS)
    if not has_marts:
        return MappingRun(note="nothing is modelled yet")
    results, failures = [], []
    for (tenant_id,) in services.database.fetch(WAITING):
        try:
            with services.database.transaction() as transaction:
                results.append(
                    apply_matches(
                        transaction,
                        tenant_id,
                        threshold=services.settings.auto_mapping_confidence_threshold,
                        mapped_by=MAPPED_BY,
                    )
                )
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            # Of the error only the kind: its text may hold a row.
            log.error("mapping failed", tenant_id=str(tenant_id), reason=type(error).__name__)  # noqa: TRY400
            failures.append((tenant_id, type(error).__name__))
    return MappingRun(
        tenants=len(results),
        total_unmapped=sum(result.total_unmapped for result in results),
        mapped=sum(result.mapped for result in results),
        high_confidence=sum(result.high_confidence for result in results),
        failures=tuple(failures),
    )
