"""Fingerprints of built models and the days whose sums are due."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0002_models.sql").read_text())
