"""What is known of each connection's webhooks."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0007_listening.sql").read_text())
