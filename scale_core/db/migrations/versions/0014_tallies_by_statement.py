"""On PostgreSQL, have tallies counted once for each statement, not for each row that it changes."""

from collections.abc import Sequence

from alembic import op

from scale_core.db.tallies import Tally

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TALLIES = (
    Tally("job_tally", "job", ("status", "job_type_id", "error_id")),
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
    Tally("audit_tally", "audit_record", ("user_name", "operation", "object_type")),
)


def upgrade() -> None:
    """Go from the revision before to this one."""
    if op.get_bind().dialect.name == "postgresql":
        for tally in _TALLIES:
            tally.place_triggers(op.get_bind())


def downgrade() -> None:
    """The numbers are the same, however they are counted: the triggers stay."""
