"""Tokens that several connections share, and why a link code is not finished yet."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table, add the column."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0003_shared_tokens.sql").read_text())
