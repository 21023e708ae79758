"""Many rows like one that Scale made itself: what costs seconds where requests would cost minutes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, insert, literal_column, select, true
from sqlalchemy.orm import Session

from bench.figures import BenchFailure
from scale_core.db.base import Base
from scale_core.db.bulk import reserve_ids, table_of
from scale_core.db.models import Job, JobExecution, TriggerEvent


def copy_job(session: Session, job_id: int, copies: int) -> None:
    """Add ``copies`` jobs like ``job_id``, each with an event and an execution of its own, in the open transaction."""
    if copies < 1:
        return
    event_id, execution_id = session.execute(
        select(Job.event_id, JobExecution.id).join(JobExecution, JobExecution.job_id == Job.id).where(Job.id == job_id)
    ).one()
    event, job, execution = (_before_first_id(session, model, copies) for model in (TriggerEvent, Job, JobExecution))
    _copy(session, TriggerEvent, event_id, copies, {"id": event})
    _copy(session, Job, job_id, copies, {"id": job, "event_id": event})
    _copy(session, JobExecution, execution_id, copies, {"id": execution, "job_id": job})


def _before_first_id(session: Session, model: type[Base], copies: int) -> int:
    """The id to which the number of a copy, from 1 on, is added."""
    ids = reserve_ids(session, model, copies)
    if ids[-1] - ids[0] != copies - 1:
        raise BenchFailure(f"While ids of {model.__tablename__} were reserved, others took some: Scale was not idle.")
    return ids[0] - 1


def _copy(session: Session, model: type[Base], row_id: int, copies: int, before: Mapping[str, int]) -> None:
    """Add rows like ``row_id``; columns in ``before`` are numbered from the number behind that on."""
    original: Table = table_of(model)
    numbers = _numbers(copies)
    values = [literal_column(str(before[one.name])) + numbers.c.n if one.name in before else one for one in original.c]
    rows = select(*values).select_from(original).join(numbers, true()).where(original.c.id == row_id)
    session.execute(insert(original).from_select([one.name for one in original.c], rows, include_defaults=False))


def _numbers(last: int) -> Any:
    """From 1 to ``last``."""
    first = select(literal_column("1").label("n")).cte("numbers", recursive=True)
    return first.union_all(select(first.c.n + 1).where(first.c.n < last))
