"""Sealed answers, and the request behind what was asked for."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change the columns."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0008_requests.sql").read_text())
