"""What failures are called: by the error mappers, and by the error mappings of job types (reference: Errors)."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.models import Error, JobType
from scale_core.interfaces.error import ErrorMapper
from scale_core.services.context import Context
from scale_generated.specs.error_interface import ErrorInterface
from scale_generated.specs.execution_report import ReportFailure

log = logging.getLogger(__name__)

UNKNOWN = "unknown"
"""The builtin error of what no mapper knows."""


class NamedError(NamedTuple):
    """An error as the database has it."""

    id: int
    name: str
    category: str


class FailureNames:
    """What failures are called, by the error mappers and the mappings of job types."""

    def __init__(self, context: Context, session: Session) -> None:
        self._mappers = context.registry.error_mappers
        self._session = session
        self._exit_codes: dict[int, Mapping[int, str]] = {}
        self._errors: dict[str, NamedError] = {}

    def error_of(self, job_type_id: int, failure: ReportFailure) -> NamedError:
        """The error that a failure is; one that does not exist is ``unknown``."""
        exit_codes = self._mapping(job_type_id)
        named = (_named(mapper, failure, exit_codes) for mapper in self._mappers)
        name = next((one for one in named if one is not None), UNKNOWN)
        if name not in self._errors:
            rows = self._session.execute(
                select(Error.id, Error.name, Error.category).where(Error.name.in_((name, UNKNOWN)))
            )
            self._errors |= {row.name: NamedError._make(row) for row in rows}
            self._errors.setdefault(name, self._errors[UNKNOWN])
        return self._errors[name]

    def _mapping(self, job_type_id: int) -> Mapping[int, str]:
        if job_type_id not in self._exit_codes:
            document = self._session.scalars(select(JobType.error_mapping).where(JobType.id == job_type_id)).one()
            mapping = ErrorInterface.from_document(document)
            self._exit_codes[job_type_id] = {int(code): name for code, name in mapping.exit_codes.items()}
        return self._exit_codes[job_type_id]


def _named(mapper: ErrorMapper, failure: ReportFailure, exit_codes: Mapping[int, str]) -> str | None:
    try:
        return mapper.map(failure, exit_codes)
    except Exception:  # a plugin may raise anything; what ended has ended all the same
        log.exception("The error mapper %s broke; the next one is asked", type(mapper).__qualname__)
        return None
