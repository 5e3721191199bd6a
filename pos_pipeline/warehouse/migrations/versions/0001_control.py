"""Control schemas `pos` and `etl`."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every control table."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0001_control.sql").read_text())
