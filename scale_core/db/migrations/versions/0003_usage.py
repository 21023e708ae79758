"""What executions used."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COLUMNS = ("cpu_used", "mem_used", "disk_used")


def upgrade() -> None:
    """Go from the revision before to this one."""
    for name in COLUMNS:
        op.add_column("job_exe", sa.Column(name, sa.Float(), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""
    for name in COLUMNS:
        op.drop_column("job_exe", name)
