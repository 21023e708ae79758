"""What executions used, and an index of those that have waited longest."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COLUMNS = ("cpu_used", "mem_used", "disk_used")


def upgrade() -> None:
    """Go from the revision before to this one."""
    for name in COLUMNS:
        op.add_column("job_exe", sa.Column(name, sa.Float(), nullable=True))
    queued = sa.text("status = 'QUEUED'")
    op.create_index("ix_job_exe_waiting", "job_exe", ["queued", "id"], sqlite_where=queued, postgresql_where=queued)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_job_exe_waiting", table_name="job_exe")
    for name in COLUMNS:
        op.drop_column("job_exe", name)
