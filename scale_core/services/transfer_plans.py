"""What rules make of a file that is whole: its place in a workspace, or why it has none."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from scale_core.domain.facts import WorkspaceFacts
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.domain.strike import InvalidPath, first_match, ingest_path
from scale_core.services.facts import workspace_by_name
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import IngestRule

NO_RULE = "No rule of the Strike process matches the file name."


class TransferPlanner:
    """Says what becomes of files; each workspace is looked up once.

    :param rules: of the Strike process.
    :param day: the day of the ingests (UTC).
    """

    def __init__(self, session: Session, rules: Sequence[IngestRule], day: date) -> None:
        self._session = session
        self._rules = rules
        self._day = day
        self._workspaces: dict[str, WorkspaceFacts | None] = {}

    def plan(self, name: str, status: IngestStatus = IngestStatus.TRANSFERRING) -> dict[str, Any]:
        """Columns of the ingest of a file: its status, its place in a workspace, or why it is deferred.

        :param status: of the ingest so far.
        """
        return self.plan_by(first_match(self._rules, name), name, status)

    def plan_by(
        self, rule: IngestRule | None, name: str, status: IngestStatus = IngestStatus.TRANSFERRING
    ) -> dict[str, Any]:
        """Do the same where it is known which rule matches the name."""
        place = NO_RULE if rule is None else self.place(rule, name)
        if rule is None or isinstance(place, str):
            status = _planned(status, is_deferred=True)
            return {"status": status, "reason": place, "workspace_id": None, "file_path": None, "data_type": []}
        workspace_id, path = place
        return {
            "status": _planned(status, is_deferred=False),
            "reason": None,
            "workspace_id": workspace_id,
            "file_path": path,
            "data_type": sorted(rule.data_types),
        }

    def place(self, rule: IngestRule, name: str) -> tuple[int, str] | str:
        """Where a rule puts a file: workspace and path, or why there are none."""
        workspace = self._workspace(rule.workspace_name)
        if workspace is None:
            return f"{_named(rule)} names the workspace {rule.workspace_name!r}, which does not exist."
        try:
            return workspace.id, ingest_path(rule.workspace_path, self._day, name)
        except InvalidPath as error:
            return f"{_named(rule)} gives no usable path: {error}."

    def _workspace(self, name: str) -> WorkspaceFacts | None:
        if name not in self._workspaces:
            self._workspaces[name] = workspace_by_name(self._session, name)
        return self._workspaces[name]


@lru_cache(maxsize=10)
def _planned(status: IngestStatus, *, is_deferred: bool) -> IngestStatus:
    """The status of an ingest whose file is whole, or released, by its status so far."""
    event = IngestEvent.RELEASE if status == IngestStatus.DEFERRED else IngestEvent.ARRIVE
    status = next_status(INGEST, status, event, history="a file that is whole")
    return next_status(INGEST, status, IngestEvent.DEFER, history="a file without a place") if is_deferred else status


def _named(rule: IngestRule) -> str:
    return f"The rule {rule.filename_regex!r}"
