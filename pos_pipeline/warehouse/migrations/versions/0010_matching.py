"""History of mappings, rejections, suggestions; bar codes in the catalog."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables; what is mapped already begins its history with its last change."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0010_matching.sql").read_text())
