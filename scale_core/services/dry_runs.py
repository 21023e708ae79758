"""What would become of a file: it is ingested by the code that ingests, and all of it is taken back."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.bulk import insert_rows
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, Job, Workspace
from scale_core.db.models import Strike as StrikeRow
from scale_core.domain.media_types import media_type
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.domain.strike import match_file
from scale_core.intake.orders import StoredSource
from scale_core.services.context import Context
from scale_core.services.dry_run_jobs import MadeByRule, Taker, Teller
from scale_core.services.exceptions import NotFound
from scale_core.services.ingest_ends import source_of
from scale_core.services.ingest_orders import ingest_rows, settle_places
from scale_core.services.jobs import ENDED_JOB
from scale_core.services.outlook import Outlook
from scale_core.services.source_files import make_source_files
from scale_core.services.transfer_plans import TransferPlanner
from scale_generated import models
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import Strike

NO_STRIKE = "No Strike process that runs has a rule that matches the file name."


@dataclass(frozen=True, slots=True)
class _Route:
    """The Strike process that a file comes to, and the columns of its ingest as the rules make them."""

    strike: StrikeRow
    configuration: Strike
    plan: dict[str, Any]


class DryRunService:
    """Answers what would happen."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def file(self, body: models.DryRunFile) -> models.DryRunFileResult:
        """What would become of a file that is whole in the directory of a Strike process. Changes nothing.

        :raises NotFound: there is no such Strike process.
        """
        with self._context.database.read() as session:
            route = self._route(session, body)
        if route is None:
            return _result(body, None, NO_STRIKE)
        if route.plan["status"] == IngestStatus.DEFERRED:
            return _result(body, route, route.plan["reason"])
        # On SQLite nobody else writes meanwhile: what only reads is done before and after.
        with self._context.database.rehearse() as rehearsal:
            workspace = rehearsal.get_one(Workspace, route.plan["workspace_id"])
            path, made = self._ingest(rehearsal, body, route, workspace)
        with self._context.database.read() as session:
            teller = Teller(session, Outlook(session, self._context), made)
            triggers = [teller.tell(one) for one in made]
        stored: Any = {"workspace": {"id": workspace.id, "name": workspace.name}, "file_path": path}
        return {**_result(body, route, None), "status": "INGESTED", **stored, "triggers": triggers}

    def _route(self, session: Session, body: models.DryRunFile) -> _Route | None:
        """The Strike process that was asked for, or the first one that takes the file; None: there is none."""
        if "strike_id" in body:
            strike = session.get(StrikeRow, body["strike_id"])
            if strike is None:
                raise NotFound("Strike process", body["strike_id"])
            return self._planned(session, strike, body)
        running = select(StrikeRow).join(Job, StrikeRow.job_id == Job.id).where(Job.status.not_in(ENDED_JOB))
        routes = (self._planned(session, one, body) for one in session.scalars(running.order_by(StrikeRow.id)).all())
        matching = [one for one in routes if match_file(one.configuration, body["file_name"]) is not None]
        taking = (one for one in matching if one.plan["status"] != IngestStatus.DEFERRED)
        return next(taking, matching[0] if matching else None)

    def _planned(self, session: Session, strike: StrikeRow, body: models.DryRunFile) -> _Route:
        configuration = Strike.from_document(strike.configuration)
        planner = TransferPlanner(session, configuration.files_to_ingest, self._context.now().date())
        return _Route(strike, configuration, planner.plan(body["file_name"]))

    def _ingest(
        self, session: WriteSession, body: models.DryRunFile, route: _Route, workspace: Workspace
    ) -> tuple[str, list[MadeByRule]]:
        """Ingest the file: its path in the workspace, and what was made of it."""
        now = self._context.now()
        values = {
            **route.plan,
            "status": next_status(INGEST, route.plan["status"], IngestEvent.START),
            "strike_id": route.strike.id,
            "file_name": body["file_name"],
            "file_size": body["file_size"],
            "bytes_transferred": body["file_size"],
            "media_type": _media_type(body),
            "data_type": _data_types(body, route),
            "transfer_path": "",
            "ingest_path": "",
        }
        times = {"transfer_started": now, "transfer_ended": now, "ingest_started": now}
        (ingest_id,) = insert_rows(session, Ingest, [values], **times, created=now, last_modified=now)
        row = ingest_rows(session, [ingest_id])[ingest_id]
        path = settle_places(session, [row])[ingest_id]
        stored = StoredSource(ingest_id, path, body["file_size"], "", _media_type(body), is_needed=True)
        source = source_of(row, workspace.name, stored)
        sources = make_source_files(session, self._context, [source])
        session.flush()
        taker = Taker(session, sources.ids[ingest_id])
        return path, [taker.take(one) for one in sources.fired]


def _media_type(body: models.DryRunFile) -> str:
    return body["media_type"] if "media_type" in body else media_type(body["file_name"])


def _data_types(body: models.DryRunFile, route: _Route | None) -> list[str]:
    """Those of the rule, and those that the file has beside."""
    of_rule: list[str] = [] if route is None else route.plan["data_type"]
    return sorted({*of_rule, *body.get("data_types", ())})


def _result(body: models.DryRunFile, route: _Route | None, reason: str | None) -> models.DryRunFileResult:
    """The answer for a file that is deferred for a reason."""
    rule = None if route is None else match_file(route.configuration, body["file_name"])
    return {
        "strike": None if route is None else {"id": route.strike.id, "name": route.strike.name},
        "rule": None
        if route is None or rule is None
        else {"index": route.configuration.files_to_ingest.index(rule), "filename_regex": rule.filename_regex},
        "status": "DEFERRED",
        "reason": reason,
        "workspace": None,
        "file_path": None,
        "media_type": _media_type(body),
        "data_types": _data_types(body, route),
        "triggers": [],
    }
