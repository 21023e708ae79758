"""What becomes of files that a Scan sees: which rule takes them, and where they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.models import ScaleFile
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.domain.strike import first_match
from scale_core.services.facts import workspace_by_name
from scale_core.services.scan_progress import Progress, Seen
from scale_core.services.transfer_plans import TransferPlanner
from scale_generated.enums import IngestStatus
from scale_generated.specs.scan import Scan, ScanRule
from scale_generated.specs.strike import IngestRule

LONGEST_PATH: Final = 1000
"""Characters of a path in a workspace (:class:`scale_core.db.models.ScaleFile`)."""


class Taken(NamedTuple):
    """A file that is ingested, and the columns of its ingest that a rule gives."""

    file: Seen
    columns: dict[str, Any]


class Refused(NamedTuple):
    """A file that cannot be ingested, and why."""

    file: Seen
    reason: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a batch: files that are ingested, and those that cannot be."""

    taken: list[Taken]
    refused: list[Refused]


class ScanPlanner:
    """Says what becomes of files; each workspace is looked up once.

    :param day: the day of the ingests (UTC).
    :param progress: counts it.
    """

    def __init__(self, session: Session, configuration: Scan, day: date, progress: Progress) -> None:
        self._session = session
        self._rules = configuration.files_to_ingest
        self._progress = progress
        self._planner = TransferPlanner(session, (), day)
        name = configuration.workspace
        self.origin = None if name is None else workspace_by_name(session, name)
        """The workspace that is looked through; None: a directory is."""

    def plan(self, seen: Sequence[Seen]) -> Planned:
        """What becomes of files; of folders only those that cannot be looked into."""
        self._progress.saw(seen)
        planned = Planned([], [])
        known = self._registered([one.path for one in seen if one.size is not None and one.refusal is None])
        for one in seen:
            if one.refusal is not None:
                self._refuse(planned, one, one.refusal)
            elif one.size is not None:
                self._plan(planned, one, is_registered=one.path in known)
        return planned

    def _plan(self, planned: Planned, file: Seen, *, is_registered: bool) -> None:
        rule = first_match(self._rules, file.name)
        if rule is None:
            self._progress.leaves()
        elif is_registered:
            self._progress.knows()
        elif isinstance(place := self._place(rule, file), str):
            self._refuse(planned, file, place)
        else:
            self._progress.takes(file, self._rules.index(rule))
            planned.taken.append(Taken(file, _columns(rule, *place)))

    def _refuse(self, planned: Planned, file: Seen, reason: str) -> None:
        self._progress.refuses(file, reason)
        planned.refused.append(Refused(file, reason))

    def _place(self, rule: ScanRule, file: Seen) -> tuple[int, str] | str:
        """Workspace and path, or why there are none."""
        if rule.workspace_name is not None and rule.workspace_path is not None:
            wanted = IngestRule(
                filename_regex=rule.filename_regex,
                workspace_path=rule.workspace_path,
                workspace_name=rule.workspace_name,
            )
            return self._planner.place(wanted, file.name)
        if self.origin is None:
            return f"The rule {rule.filename_regex!r} names no workspace, and the file lies in none."
        if len(file.path) > LONGEST_PATH:
            return f"its path has more than {LONGEST_PATH} characters; shorten the names of its folders"
        return self.origin.id, file.path

    def _registered(self, paths: Sequence[str]) -> set[str]:
        """Those of ``paths`` that are files of the workspace that is looked through."""
        if self.origin is None or not paths:
            return set()
        file = table_of(ScaleFile).c
        rows = select(file.file_path).where(file.workspace_id == self.origin.id, file.file_path.in_(paths))
        return set(self._session.scalars(rows))


def _columns(rule: ScanRule, workspace_id: int, path: str) -> dict[str, Any]:
    return {
        "status": next_status(INGEST, IngestStatus.TRANSFERRING, IngestEvent.ARRIVE),
        "workspace_id": workspace_id,
        "file_path": path,
        "data_type": sorted(rule.data_types),
    }
