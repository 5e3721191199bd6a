"""Row policies, the role that answers tenants, and keys of requests that may come twice."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the role if there is none, the policies and the grants."""
    op.get_bind().exec_driver_sql(Path(__file__).parent.parent.joinpath("0004_tenant_rows.sql").read_text())
