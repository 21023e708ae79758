"""Tallies, and the indexes that lists are cut out of: what is finished no longer costs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from scale_core.db.tallies import Tally
from scale_core.db.types import Keyword

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: dict[str, Any] = {
    "status": Keyword(20),
    "job_type_id": _Id,
    "node_id": _Id,
    "recipe_type_id": _Id,
    "file_type": Keyword(10),
    "workspace_id": _Id,
    "is_parsed": sa.Boolean(),
    "is_published": sa.Boolean(),
    "is_operational": sa.Boolean(),
    "type": sa.String(50),
}
_TALLIES = (
    Tally("job_tally", "job", ("status", "job_type_id")),
    Tally("job_exe_tally", "job_exe", ("status", "job_type_id")),
    Tally("job_exe_node_tally", "job_exe", ("node_id", "status", "job_type_id")),
    Tally("recipe_tally", "recipe", ("recipe_type_id",)),
    Tally(
        "file_tally",
        "scale_file",
        ("file_type", "workspace_id", "is_parsed", "is_published", "is_operational", "job_type_id"),
    ),
    Tally("ingest_tally", "ingest", ("status",)),
    Tally("trigger_event_tally", "trigger_event", ("type",)),
)


def _any(*statuses: str) -> str:
    return " OR ".join(f"status = '{status}'" for status in statuses)


_STOPPED = _any("FAILED", "CANCELED")
_NOT_COMPLETED = _any("PENDING", "BLOCKED", "QUEUED", "RUNNING", "FAILED", "CANCELED")
_SET_ASIDE = _any("ERRORED", "DUPLICATE", "DEFERRED")
_NOT_INGESTED = _any("TRANSFERRING", "TRANSFERRED", "INGESTING", "ERRORED", "DUPLICATE", "DEFERRED")
_INGESTED = _any("INGESTED")
_SOURCE = "file_type = 'SOURCE'"
_PUBLISHED = "is_published"
_BY_TIME = ["last_modified", "id"]

# name, table, columns, condition (None: of all rows)
_NEW: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_job_status", "job", ["status", "id"], _NOT_COMPLETED),
    ("ix_job_status_last_modified", "job", ["status", *_BY_TIME], _STOPPED),
    ("ix_job_job_type_id_status", "job", ["job_type_id", "status", "id"], _STOPPED),
    ("ix_job_job_type_id", "job", ["job_type_id", "id"], None),
    ("ix_job_job_type_id_last_modified", "job", ["job_type_id", *_BY_TIME], None),
    ("ix_job_created", "job", ["created", "id"], None),
    ("ix_job_exe_queue", "job_exe", ["status", "priority", "queued", "id"], _any("QUEUED", "RUNNING")),
    ("ix_job_exe_status", "job_exe", ["status", "id"], _STOPPED),
    ("ix_job_exe_status_last_modified", "job_exe", ["status", *_BY_TIME], _STOPPED),
    ("ix_job_exe_job_type_id_status", "job_exe", ["job_type_id", "status", "id"], _STOPPED),
    ("ix_job_exe_job_type_id", "job_exe", ["job_type_id", "id"], None),
    ("ix_job_exe_job_type_id_last_modified", "job_exe", ["job_type_id", *_BY_TIME], None),
    ("ix_job_exe_node_id", "job_exe", ["node_id", "id"], None),
    ("ix_job_exe_node_id_last_modified", "job_exe", ["node_id", *_BY_TIME], None),
    ("ix_job_exe_created", "job_exe", ["created", "id"], None),
    ("ix_recipe_recipe_type_id", "recipe", ["recipe_type_id", "id"], None),
    ("ix_recipe_recipe_type_id_last_modified", "recipe", ["recipe_type_id", *_BY_TIME], None),
    ("ix_scale_file_file_name", "scale_file", ["file_name", "file_type", "id"], None),
    ("ix_scale_file_workspace_id", "scale_file", ["workspace_id", "id"], None),
    ("ix_scale_file_moving", "scale_file", ["id"], "moving_to IS NOT NULL"),
    ("ix_source", "scale_file", ["is_parsed", "id"], _SOURCE),
    ("ix_source_last_modified", "scale_file", ["is_parsed", *_BY_TIME], _SOURCE),
    ("ix_source_data_started", "scale_file", ["data_started"], _SOURCE),
    ("ix_product", "scale_file", ["is_operational", "id"], _PUBLISHED),
    ("ix_product_last_modified", "scale_file", ["is_operational", *_BY_TIME], _PUBLISHED),
    ("ix_product_job_type_id", "scale_file", ["job_type_id", "id"], _PUBLISHED),
    ("ix_product_job_type_id_last_modified", "scale_file", ["job_type_id", *_BY_TIME], _PUBLISHED),
    ("ix_ingest_status", "ingest", ["status", "id"], _NOT_INGESTED),
    ("ix_ingest_status_last_modified", "ingest", ["status", *_BY_TIME], _SET_ASIDE),
    ("ix_ingest_strike_id_ingest_ended", "ingest", ["strike_id", "ingest_ended"], _INGESTED),
    ("ix_ingest_strike_id_created", "ingest", ["strike_id", "created"], _INGESTED),
    ("ix_ingest_source_file_id", "ingest", ["source_file_id"], None),
    ("ix_ingest_file_name", "ingest", ["file_name", "id"], None),
    ("ix_trigger_event_type", "trigger_event", ["type", "id"], None),
)
_OLD: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_job_active", "job", ["status"], "status IN ('PENDING', 'BLOCKED', 'QUEUED', 'RUNNING')"),
    ("ix_job_event_id", "job", ["event_id"], None),
    ("ix_job_job_type_id_last_modified", "job", ["job_type_id", "last_modified"], None),
    ("ix_job_exe_queue", "job_exe", ["status", "priority", "queued", "id"], "status IN ('QUEUED', 'RUNNING')"),
    ("ix_job_exe_node_id_last_modified", "job_exe", ["node_id", "last_modified"], None),
    ("ix_recipe_recipe_type_id_last_modified", "recipe", ["recipe_type_id", "last_modified"], None),
    ("ix_scale_file_bounds", "scale_file", ["west", "east", "south", "north"], None),
    ("ix_scale_file_file_name", "scale_file", ["file_name"], None),
    ("ix_scale_file_file_type_last_modified", "scale_file", ["file_type", "last_modified"], None),
    ("ix_scale_file_job_id", "scale_file", ["job_id"], None),
    ("ix_scale_file_job_type_id", "scale_file", ["job_type_id"], None),
    ("ix_ingest_file_name", "ingest", ["file_name"], None),
    ("ix_ingest_strike_id_status", "ingest", ["strike_id", "status"], None),
    ("ix_trigger_event_rule_id_occurred", "trigger_event", ["rule_id", "occurred"], None),
)


def upgrade() -> None:
    """Go from the revision before to this one."""
    _exchange(_OLD, _NEW)
    for tally in _TALLIES:
        columns: list[sa.Column[Any]] = [sa.Column(name, _TYPES[name]) for name in tally.columns]
        op.create_table(tally.name, *columns, sa.Column("number", sa.Integer(), nullable=False))
        op.create_index(f"ix_{tally.name}", tally.name, list(tally.columns))
        tally.install(op.get_bind())


def downgrade() -> None:
    """Go back."""
    for tally in _TALLIES:
        tally.remove(op.get_bind())
        op.drop_table(tally.name)
    _exchange(_NEW, _OLD)


def _exchange(
    old: Sequence[tuple[str, str, list[str], str | None]], new: Sequence[tuple[str, str, list[str], str | None]]
) -> None:
    for name, table, _columns, _condition in old:
        op.drop_index(name, table_name=table)
    for name, table, columns, condition in new:
        where = None if condition is None else sa.text(condition)
        # SQLite has no booleans: there the condition is written as queries write it.
        on_sqlite = sa.text("is_published = 1") if condition == _PUBLISHED else where
        op.create_index(name, table, columns, sqlite_where=on_sqlite, postgresql_where=where)
