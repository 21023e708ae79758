"""What is counted as it changes: the tables that grow with all that was ever done."""

from typing import Final

from scale_core.db.base import Base
from scale_core.db.models.access import AUDIT_TALLY
from scale_core.db.models.files import ScaleFile
from scale_core.db.models.ingests import Ingest
from scale_core.db.models.jobs import Job, JobExecution
from scale_core.db.models.recipes import Recipe
from scale_core.db.models.triggers import TriggerEvent
from scale_core.db.tallies import Tally

TALLIES: Final = (
    Tally("job_tally", Job.__tablename__, ("status", "job_type_id", "error_id")),
    Tally("job_exe_tally", JobExecution.__tablename__, ("status", "job_type_id")),
    # Its own, so that the one above stays short where there are many nodes.
    Tally("job_exe_node_tally", JobExecution.__tablename__, ("node_id", "status", "job_type_id")),
    Tally("recipe_tally", Recipe.__tablename__, ("recipe_type_id",)),
    Tally(
        "file_tally",
        ScaleFile.__tablename__,
        ("file_type", "workspace_id", "is_parsed", "is_published", "is_operational", "job_type_id"),
    ),
    Tally("ingest_tally", Ingest.__tablename__, ("status", "scan_id")),
    Tally("trigger_event_tally", TriggerEvent.__tablename__, ("type",)),
    AUDIT_TALLY,
)

for _tally in TALLIES:
    _tally.add_table(Base.metadata)
