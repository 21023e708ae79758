"""Have indexes hold no more than what is looked for: the uuid of published products, the executions that have a node,
the sources that tell when their data was taken."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NODE = {
    "ix_job_exe_node_id": ["node_id", "id"],
    "ix_job_exe_node_id_last_modified": ["node_id", "last_modified", "id"],
}
_CHANGES = ["node_id", "last_modified", "id"]
_SOURCE = "file_type = 'SOURCE'"


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.drop_index("ix_scale_file_uuid", "scale_file")
    op.create_index(
        "ix_product_uuid",
        "scale_file",
        ["uuid"],
        sqlite_where=sa.text("is_published = 1"),
        postgresql_where=sa.text("is_published"),
    )
    _replace("ix_source_data_started", "scale_file", ["data_started"], f"{_SOURCE} AND data_started IS NOT NULL")
    _replace("ix_job_exe_node_id_last_modified", "job_exe", _CHANGES, "node_id IS NOT NULL")


def downgrade() -> None:
    """Go back to the revision before."""
    _replace("ix_job_exe_node_id_last_modified", "job_exe", _CHANGES, None)
    _replace("ix_source_data_started", "scale_file", ["data_started"], _SOURCE)
    op.drop_index("ix_product_uuid", "scale_file")
    op.create_index("ix_scale_file_uuid", "scale_file", ["uuid"])


def _replace(name: str, table: str, columns: list[str], where: str | None) -> None:
    condition = None if where is None else sa.text(where)
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
