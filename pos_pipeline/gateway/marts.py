"""Reading marts as a tenant, also on the first day, when dbt has made none yet."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import psycopg
import structlog
from pydantic import Field, PlainSerializer

from pos_pipeline.gateway.isolation import rows_of
from pos_pipeline.warehouse.database import Database

log = structlog.get_logger(__name__)

Money = Annotated[
    Decimal, PlainSerializer(lambda amount: f"{amount:.4f}", return_type=str), Field(examples=["12.5000"])
]
"""An amount as a decimal string with four places, in the currency that stands beside it."""
Share = Annotated[Decimal, PlainSerializer(lambda share: f"{share:.4f}", return_type=str), Field(examples=["0.1250"])]
"""A part of one, as a decimal string with four places."""
Quantity = Annotated[
    Decimal, PlainSerializer(lambda units: f"{units:.5f}", return_type=str), Field(examples=["3.00000"])
]
"""Units, or what is weighed, as a decimal string with five places."""

READY = "False until the first sales are modelled after the installation; what is read from the marts is empty then."


def rows_of_marts(
    database: Database, tenant_id: UUID, statement: str, parameters: Any = None
) -> list[dict[str, Any]] | None:
    """Rows of one statement over marts as this tenant; None while a mart it names is not made yet."""
    try:
        return rows_of(database, tenant_id, statement, parameters)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
        # A mart appears, and is opened to tenants, when its model has run for the first time.
        log.warning("marts not ready", reason=type(error).__name__)
        return None
