"""Strike processes: watched directories (reference: Strike Services, Strike)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.conditions import Condition, one_of
from scale_core.db.database import WriteSession
from scale_core.db.listing import Shape
from scale_core.db.models import Strike, Workspace
from scale_core.domain.strike import rule_warnings, strike_problems
from scale_core.interfaces.broker import Broker
from scale_core.services.brokers import broker_class
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound
from scale_core.services.facts import workspaces_by_name
from scale_core.services.findings import Findings
from scale_core.services.listing import Listing, ListPage
from scale_core.services.records import change, insert
from scale_core.services.serialization import SerializerContext
from scale_core.services.system_jobs import create_system_job
from scale_core.services.system_types import STRIKE_INPUT, STRIKE_JOB
from scale_core.specs import Problem
from scale_generated import models, serializers
from scale_generated.queries import ListStrikesQuery
from scale_generated.specs.strike import Strike as StrikeConfiguration
from scale_generated.specs.strike import StrikeMonitor

STRIKES: Listing[models.Strike] = Listing(
    Shape(Strike, serializers.STRIKE_COLUMNS), serializers.strike, serializers.STRIKE_ORDER
)
DETAILS = Shape(Strike, serializers.STRIKE_DETAILS_COLUMNS)

CREATED_EVENT = "STRIKE_CREATED"
"""Type of the event that is the reason of a Strike process's job."""


class StrikeService:
    """Lists, creates, edits and checks Strike processes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListStrikesQuery, urls: SerializerContext) -> ListPage[models.Strike]:
        """One page of Strike processes."""

        where: list[Condition] = []
        if query.name:
            where.append(one_of("name", query.name))

        with self._context.database.read() as session:
            return STRIKES.page(session, query, where, urls, self._context.now())

    def get(self, strike_id: int, urls: SerializerContext) -> models.StrikeDetails:
        """A Strike process with its job and configuration.

        :raises NotFound: there is no such Strike process.
        """
        with self._context.database.read() as session:
            return _get(session, strike_id, urls)

    def create(self, body: models.NewStrike, urls: SerializerContext) -> models.StrikeDetails:
        """A new Strike process, and its job on the queue.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong.
        """
        with self._context.database.write() as session:
            findings = Findings()
            configuration = self._check(session, findings, body["configuration"])
            findings.refuse()
            _require_free(session, body["name"])
            strike = self._create(session, {**body, "configuration": configuration})
            session.after_commit.append(self._context.strikes_changed.set)
            return _get(session, strike.id, urls)

    def edit(self, strike_id: int, body: models.StrikeEdit, urls: SerializerContext) -> models.StrikeDetails:
        """Change the given fields; a new configuration takes effect at once.

        :raises NotFound: there is no such Strike process.
        :raises Invalid: its configuration is wrong.
        """
        values: dict[str, object] = dict(body)
        with self._context.database.write() as session:
            strike = session.get(Strike, strike_id)
            if strike is None:
                raise NotFound("Strike process", strike_id)
            if "configuration" in body:
                findings = Findings()
                values["configuration"] = self._check(session, findings, body["configuration"])
                findings.refuse()
            change(strike, values, self._context.now())
            session.flush()
            session.after_commit.append(self._context.strikes_changed.set)
            return _get(session, strike_id, urls)

    def validate(self, body: models.NewStrike) -> models.ValidationResult:
        """Check a new Strike process without creating it; a directory that another one watches is a warning.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong.
        """
        findings = Findings()
        with self._context.database.read() as session:
            configuration = self._check(session, findings, body["configuration"])
            findings.refuse()
            _require_free(session, body["name"])
            if configuration is not None:
                _warn_of_shared_mount(session, findings, configuration)
        return findings.result()

    def _check(self, session: Session, findings: Findings, document: Document) -> Document | None:
        """Check a configuration; None: it breaks its specification."""
        at = "/configuration"
        checked = findings.document(self._context.specs, "strike", document, at)
        if checked is None:
            return None
        configuration = StrikeConfiguration.from_document(checked)
        problems = strike_problems(configuration, workspaces_by_name(session), at)
        if configuration.monitor is not None and not problems:
            problems = _monitor_problems(self._context, session, configuration.monitor, f"{at}/monitor")
        findings.add(problems, () if problems else rule_warnings(configuration.files_to_ingest))
        return checked

    def _create(self, session: WriteSession, values: Document) -> Strike:
        now = self._context.now()
        strike = Strike(**values, created=now, last_modified=now)
        insert(session, strike, _taken(values["name"]))
        description = {"version": "1.0", "strike_id": strike.id, "strike_name": strike.name}
        strike.job = create_system_job(
            session, self._context, STRIKE_JOB, {STRIKE_INPUT: strike.id}, CREATED_EVENT, description
        )
        session.flush()
        return strike


def _monitor_problems(context: Context, session: Session, monitor: StrikeMonitor, at: str) -> list[Problem]:
    """What is wrong with watching a workspace's files: its storage cannot tell of them."""
    found = select(Workspace.json_config).where(Workspace.name == monitor.workspace_name)
    kind = broker_class(context, session.scalars(found).one())
    name, about = kind.type_name, f'the workspace "{monitor.workspace_name}" is of type {kind.type_name}'
    if name != monitor.type:
        return [Problem(f"{at}/workspace_name", f"{about}, and the monitor's type {monitor.type} must be the same")]
    if kind.list_files is Broker.list_files:
        return [Problem(f"{at}/workspace_name", f"{about}, whose storage does not list its files to be watched")]
    if not kind.lists_whole_files:
        why = "whose storage lists files before they are whole"
        hint = "mount it where Scale runs, and give mount and transfer_suffix"
        return [Problem(f"{at}/workspace_name", f"{about}, {why}: {hint}")]
    if monitor.sqs_name is not None and kind.notices is Broker.notices:
        return [Problem(f"{at}/sqs_name", f"{about}, whose storage has no queues; leave it out")]
    return []


def _warn_of_shared_mount(session: Session, findings: Findings, configuration: Document) -> None:
    for name, other in session.execute(select(Strike.name, Strike.configuration).order_by(Strike.name)):
        if "mount" in configuration and other.get("mount") == configuration["mount"]:
            detail = f"The Strike process {name!r} watches {configuration['mount']} too; each file goes to one of them."
            findings.warning("shared_mount", detail)


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(Strike.id).where(Strike.name == name)) is not None:
        raise Conflict(_taken(name))


def _get(session: Session, strike_id: int, urls: SerializerContext) -> models.StrikeDetails:
    row = DETAILS.row(session, strike_id)
    if row is None:
        raise NotFound("Strike process", strike_id)
    return serializers.strike_details(row, urls)


def _taken(name: str) -> str:
    return f"There is a Strike process {name!r} already; edit that one, or choose another name."
