"""What jobs need and nodes have beside cpus, memory and disk."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db.types import Json

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ADDED = (("job_type", "custom_resources"), ("job", "custom_resources"), ("node", "custom_total"))


def upgrade() -> None:
    """Go from the revision before to this one."""
    for table, column in ADDED:
        op.add_column(table, sa.Column(column, Json))


def downgrade() -> None:
    """Go back."""
    for table, column in ADDED:
        op.drop_column(table, column)
