"""What was told of unmapped products."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the tables; the next marts run tells of what is unmapped then."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0011_mapping_alerts.sql").read_text())
