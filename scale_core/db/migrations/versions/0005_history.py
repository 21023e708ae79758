"""The load minute by minute, metrics day by day, and finding what happened on a day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from scale_core.db import types

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

INDEXES = (
    ("ix_job_ended", "job", ["ended"], "ended IS NOT NULL"),
    ("ix_job_exe_ended", "job_exe", ["ended"], "ended IS NOT NULL"),
    ("ix_ingest_ended", "ingest", ["ingest_ended"], "ingest_ended IS NOT NULL"),
    ("ix_scale_file_created", "scale_file", ["created", "id"], None),
)


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "job_load",
        sa.Column("id", ID, nullable=False),
        sa.Column("time", types.Utc(timezone=True), nullable=False),
        sa.Column("pending_count", sa.Integer(), nullable=False),
        sa.Column("queued_count", sa.Integer(), nullable=False),
        sa.Column("running_count", sa.Integer(), nullable=False),
        sa.Column("counts", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_load")),
    )
    op.create_index(op.f("ix_job_load_time"), "job_load", ["time"])
    op.create_table(
        "metric_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("metric", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("choice_id", sa.BigInteger(), nullable=False),
        sa.Column("values", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_entry")),
    )
    op.create_index("uq_metric_entry_metric_day_choice_id", "metric_entry", ["metric", "day", "choice_id"], unique=True)
    op.create_table(
        "metric_progress",
        sa.Column("metric", sa.String(length=100), nullable=False),
        sa.Column("next_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("metric", name=op.f("pk_metric_progress")),
    )
    op.create_table(
        "workspace_usage",
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used_size", sa.BigInteger(), nullable=True),
        sa.Column("total_size", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_workspace_usage_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "day", name=op.f("pk_workspace_usage")),
    )
    for name, table, columns, where in INDEXES:
        only = None if where is None else sa.text(where)
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Go back to the revision before."""
    for name, table, _columns, _where in INDEXES:
        op.drop_index(name, table_name=table)
    for table in ("workspace_usage", "metric_progress", "metric_entry", "job_load"):
        op.drop_table(table)
