"""Files that cannot be ingested as they are found: each has an ingest that says why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.services.ingest_jobs import Seer
from scale_core.watching.records import Refusal
from scale_generated.enums import IngestStatus

ERRORED: Final = next_status(INGEST, IngestStatus.TRANSFERRING, IngestEvent.FAIL)


def record_refusals(session: WriteSession, seer: Seer, refusals: Sequence[Refusal], now: datetime) -> None:
    """Record an ingest that is ERRORED for each."""
    insert_rows(
        session,
        Ingest,
        [{"file_name": one.file_name, "transfer_path": one.shown_path, "reason": one.reason} for one in refusals],
        **seer._asdict(),
        status=ERRORED,
        media_type="",
        data_type=[],
        transfer_started=now,
        transfer_ended=now,
        created=now,
        last_modified=now,
    )


def unrecorded_refusals(session: Session, seer: Seer, refusals: Sequence[Refusal]) -> list[Refusal]:
    """Those for which the seer has no such ingest yet, with the same reason."""
    rows = session.execute(
        select(Ingest.transfer_path, Ingest.reason).where(
            Ingest.file_name.in_({one.file_name for one in refusals}),
            Ingest.status == ERRORED,
            Ingest.strike_id == seer.strike_id,
            Ingest.scan_id == seer.scan_id,
        )
    )
    known = {(row.transfer_path, row.reason) for row in rows}
    return [one for one in refusals if (one.shown_path, one.reason) not in known]
