"""What a delivery makes due."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and indexes."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0005_webhooks.sql").read_text())
