"""Scans: files that exist are looked through once, and ingested."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.database import WriteSession
from scale_core.db.listing import Shape
from scale_core.db.models import Ingest, Job, Scan
from scale_core.db.tallied import numbers_by
from scale_core.domain.scan import scan_problems, scan_workspace_problems
from scale_core.domain.strike import rule_warnings
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound
from scale_core.services.facts import workspaces_by_name
from scale_core.services.findings import Findings
from scale_core.services.jobs import ENDED_JOB, cancel_jobs
from scale_core.services.listing import ListPage, Selection
from scale_core.services.records import change, insert
from scale_core.services.scan_ingests import cancel_waiting, canceled_ingests, waiting_ingests
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_jobs import create_system_job
from scale_core.services.system_types import SCAN_INPUT, SCAN_JOB
from scale_generated import models, serializers
from scale_generated.defaults import SCAN_PROCESS
from scale_generated.enums import IngestStatus
from scale_generated.queries import ListScansQuery
from scale_generated.specs.scan import Scan as ScanConfiguration

SCANS = Selection(Shape(Scan, serializers.LISTED_SCAN_COLUMNS), serializers.LISTED_SCAN_ORDER)
DETAILS = Shape(Scan, serializers.SCAN_DETAILS_COLUMNS)

BY_HAND = "USER"
"""Type of the event that is the reason of a Scan's job."""


class ScanService:
    """Lists, creates, edits, checks, starts and cancels Scans."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListScansQuery, urls: SerializerContext) -> ListPage[models.ListedScan]:
        """One page of Scans."""

        where: list[Condition] = []
        if query.name:
            where.append(one_of("name", query.name))

        with self._context.database.read() as session:
            found = SCANS.find(session, query, where, self._context.now())
            canceled = canceled_ingests(session, [row[0] for row in found.rows])
        return found.page(
            [serializers.listed_scan(row, urls, ingests_canceled=canceled.get(row[0], 0)) for row in found.rows]
        )

    def get(self, scan_id: int, urls: SerializerContext) -> models.ScanDetails:
        """A Scan with its configuration, preview and progress.

        :raises NotFound: there is no such Scan.
        """
        with self._context.database.read() as session:
            return _get(session, scan_id, urls)

    def create(self, body: models.NewScan, urls: SerializerContext) -> models.ScanDetails:
        """A new Scan, which does nothing yet.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong.
        """
        now = self._context.now()
        with self._context.database.write() as session:
            values = {**body, "configuration": self._checked(session, body["configuration"])}
            _require_free(session, body["name"])
            scan = Scan(**values, created=now, last_modified=now)
            insert(session, scan, _taken(body["name"]))
            return _get(session, scan.id, urls)

    def edit(self, scan_id: int, body: models.ScanEdit, urls: SerializerContext) -> models.ScanDetails:
        """Change the given fields.

        :raises NotFound: there is no such Scan.
        :raises Conflict: the configuration is to be changed of one that has taken files, or looks right now.
        :raises Invalid: its configuration is wrong.
        """
        values: dict[str, object] = dict(body)
        with self._context.database.write() as session:
            scan = _require(session, scan_id)
            if "configuration" in body:
                values["configuration"] = self._checked(session, body["configuration"])
                if values["configuration"] != scan.configuration:
                    _require_untouched(session, scan)
                    values |= {"preview": None, "progress": None, "place": None}
            change(scan, values, self._context.now())
            session.flush()
            return _get(session, scan_id, urls)

    def validate(self, body: models.NewScan) -> models.ValidationResult:
        """Check a new Scan without creating it.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong.
        """
        findings = Findings()
        with self._context.database.read() as session:
            self._check(session, findings, body["configuration"])
            findings.refuse()
            _require_free(session, body["name"])
        return findings.result()

    def process(self, scan_id: int, body: models.ScanProcess, urls: SerializerContext) -> models.ScanDetails:
        """Queue the job that looks through the files, to ingest them or to tell what would be taken. An ingest goes on
        where it stopped; one that has seen everything and took no file begins anew.

        :raises NotFound: there is no such Scan.
        :raises Conflict: one of its jobs looks right now, or its ingest has taken files and is done.
        :raises Invalid: its configuration cannot work any more, for instance because a workspace is gone.
        """
        is_ingest = {**SCAN_PROCESS, **body}["ingest"]
        with self._context.database.write() as session:
            scan = _require(session, scan_id)
            _require_idle(session, scan)
            if is_ingest and _is_done(scan):
                if _has_taken(scan) and not canceled_ingests(session, [scan_id]):
                    raise Conflict(
                        f"The Scan {scan.name!r} has handed on all that was there. Create another one to look again: "
                        "what is the same then becomes a DUPLICATE, or is known."
                    )
                if not _has_taken(scan):
                    scan.progress = scan.place = None
            self._checked(session, scan.configuration)
            description = {"version": "1.0", "scan_id": scan.id, "scan_name": scan.name, "ingest": is_ingest}
            job = create_system_job(session, self._context, SCAN_JOB, {SCAN_INPUT: scan.id}, BY_HAND, description)
            if is_ingest:
                scan.job = job
            else:
                scan.dry_run_job, scan.preview = job, None
            scan.last_modified = self._context.now()
            session.flush()
            return _get(session, scan_id, urls)

    def cancel(self, scan_id: int, urls: SerializerContext) -> models.ScanDetails:
        """Cancel the jobs that look through the files; when they hand on nothing any more, those of ingests that have
        not begun, batch by batch.

        :raises NotFound: there is no such Scan.
        :raises Conflict: there are none.
        """
        with self._context.database.write() as session:
            scan = _require(session, scan_id)
            running = _running(session, scan)
            if not running and not waiting_ingests(session, scan_id):
                raise Conflict(
                    f"No job of the Scan {scan.name!r} looks through its files, and none of them waits to be "
                    "ingested: there is nothing to cancel."
                )
            cancel_jobs(session, self._context, running)
        cancel_waiting(self._context, scan_id)
        return self.get(scan_id, urls)

    def _checked(self, session: Session, document: Document) -> Document:
        """A configuration in the latest version.

        :raises Invalid: it is wrong.
        """
        findings = Findings()
        checked = self._check(session, findings, document)
        findings.refuse()
        return checked

    def _check(self, session: Session, findings: Findings, document: Document) -> Document:
        at = "/configuration"
        checked = findings.document(self._context.specs, "scan", document, at)
        if checked is None:
            return document
        configuration = ScanConfiguration.from_document(checked)
        problems = [
            *scan_problems(configuration, at),
            *scan_workspace_problems(configuration, workspaces_by_name(session), at),
        ]
        findings.add(problems, () if problems else rule_warnings(configuration.files_to_ingest))
        return checked


def _require(session: WriteSession, scan_id: int) -> Scan:
    scan = session.get(Scan, scan_id, with_for_update=True)
    if scan is None:
        raise NotFound("Scan", scan_id)
    return scan


def _running(session: Session, scan: Scan) -> list[Job]:
    """The jobs that look through the files, or are about to."""
    ids = [one for one in (scan.job_id, scan.dry_run_job_id) if one is not None]
    found = session.scalars(select(Job).where(Job.id.in_(ids), Job.status.not_in(ENDED_JOB)).order_by(Job.id))
    return list(found)


def _require_idle(session: Session, scan: Scan) -> None:
    for job in _running(session, scan):
        raise Conflict(f"Job {job.id} of the Scan {scan.name!r} is {job.status}; wait for its end, or cancel it.")


def _require_untouched(session: Session, scan: Scan) -> None:
    _require_idle(session, scan)
    if _has_taken(scan):
        raise Conflict(
            f"The Scan {scan.name!r} has taken files, and keeps the configuration by which it took them. Create "
            "another one."
        )


def _is_done(scan: Scan) -> bool:
    """Whether its ingest has seen everything."""
    return scan.progress is not None and scan.progress["ended"] is not None


def _has_taken(scan: Scan) -> bool:
    """Whether its ingest has taken files. One that has not may begin anew: nothing can be taken twice."""
    return scan.progress is not None and scan.progress["files_taken"] > 0


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(Scan.id).where(Scan.name == name)) is not None:
        raise Conflict(_taken(name))


def _get(session: Session, scan_id: int, urls: SerializerContext) -> models.ScanDetails:
    row = DETAILS.row(session, scan_id)
    if row is None:
        raise NotFound("Scan", scan_id)
    numbers = numbers_by(session, Ingest, [equal("scan_id", scan_id)], "status") or {}
    counts: list[models.ScanIngestCount] = [{"status": one, "count": numbers[one]} for one in sorted(numbers)]
    has_waiting = IngestStatus.TRANSFERRED in numbers
    return serializers.scan_details(
        row,
        urls,
        ingests=counts,
        ingests_canceled=canceled_ingests(session, [scan_id]).get(scan_id, 0) if has_waiting else 0,
        ingests_waiting=waiting_ingests(session, scan_id) if has_waiting else 0,
    )


def _taken(name: str) -> str:
    return f"There is a Scan {name!r} already; edit that one, or choose another name."
