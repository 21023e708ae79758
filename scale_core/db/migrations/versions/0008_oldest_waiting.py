"""Find the executions that wait longest by an index that SQLite takes, too: it holds the status that is asked for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

QUEUED = sa.text("status = 'QUEUED'")


def upgrade() -> None:
    """Go from the revision before to this one."""
    _replace(["status", "queued", "id"])


def downgrade() -> None:
    """Go back to the revision before."""
    _replace(["queued", "id"])


def _replace(columns: list[str]) -> None:
    op.drop_index("ix_job_exe_waiting", table_name="job_exe")
    op.create_index("ix_job_exe_waiting", "job_exe", columns, sqlite_where=QUEUED, postgresql_where=QUEUED)
