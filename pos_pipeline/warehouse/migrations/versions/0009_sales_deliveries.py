"""Deliveries to the sales service, and messages that were acted upon."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the tables with their row policies."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0009_sales_deliveries.sql").read_text())
