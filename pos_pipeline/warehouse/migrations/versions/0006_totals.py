"""Totals over all syncs, and refusals by rate."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables and fill them from the logs there are."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0006_totals.sql").read_text())
