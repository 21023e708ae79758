"""The jobs of ingests: each ingest of a file that a rule matches has one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from scale_core.db.bulk import update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest
from scale_core.services.context import Context
from scale_core.services.system_jobs import Wanted, create_system_jobs, record_done_system_jobs

INGEST_JOB: Final = "scale-ingest"
INGEST_INPUT: Final = "ingest_id"
STRIKE_TRANSFER: Final = "STRIKE_TRANSFER"
SCAN_TRANSFER: Final = "SCAN_TRANSFER"
"""Types of the events that are the reasons of the jobs."""


class Seer(NamedTuple):
    """Who saw a file: a Strike process or a Scan, by its id; the other is None."""

    strike_id: int | None = None
    scan_id: int | None = None

    def facts(self) -> dict[str, int]:
        """The one id, by its name."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def queue_ingests(session: WriteSession, context: Context, seer: Seer, names: Mapping[int, str]) -> dict[int, int]:
    """Give ingests, which have no job yet, each the one that will do it.

    :param seer: whose ingests they are.
    :param names: names of their files by ingest id.
    :return: ids of the jobs by ingest id.
    """
    job_ids = create_system_jobs(session, context, INGEST_JOB, _event_type(seer), _wanted(seer, names))
    by_ingest = dict(zip(names, job_ids, strict=True))
    update_by_id(session, Ingest, [{"id": one, "job_id": job_id} for one, job_id in by_ingest.items()])
    return by_ingest


def record_ingest_jobs(
    session: WriteSession, context: Context, seer: Seer, names: Mapping[int, str], started: datetime
) -> list[int]:
    """Record jobs of ingests that are done, having begun at ``started``; as for :func:`queue_ingests`, but the ingests
    are left for the caller to update.

    :return: ids of the jobs, in the order of ``names``.
    """
    wanted = _wanted(seer, names)
    return record_done_system_jobs(session, context, INGEST_JOB, _event_type(seer), wanted, started=started)


def _event_type(seer: Seer) -> str:
    return STRIKE_TRANSFER if seer.scan_id is None else SCAN_TRANSFER


def _wanted(seer: Seer, names: Mapping[int, str]) -> list[Wanted]:
    facts = {"version": "1.0", **seer.facts()}
    return [
        ({INGEST_INPUT: ingest_id}, {**facts, "ingest_id": ingest_id, "file_name": name})
        for ingest_id, name in names.items()
    ]
