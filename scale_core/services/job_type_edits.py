"""Checks and changes of job types inside a transaction; used by the service and by imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.models import Error, JobType, JobTypeRevision
from scale_core.domain.interfaces import interface_problems, interface_warnings
from scale_core.services.broken_recipe_types import NewInterface, check_recipe_types
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict
from scale_core.services.findings import Findings
from scale_core.services.interfaces import Key
from scale_core.services.records import change, differing, insert
from scale_core.services.trigger_rule_edits import RuleEditor, RuleTarget, rule_label
from scale_core.services.type_changes import TypeChange
from scale_core.specs import pointer
from scale_generated.defaults import NEW_JOB_TYPE
from scale_generated.specs.error_interface import ErrorInterface
from scale_generated.specs.job_interface import JobInterface

CHANGEABLE_OF_SYSTEM_TYPES: Final = frozenset({"is_paused"})
RULE: Final = "trigger_rule"


@dataclass(frozen=True, slots=True)
class CheckedJobType:
    """What a body says, checked.

    :param values: columns to set; documents are in their latest version.
    :param interface: the interface, where the body has one.
    :param has_rule: whether the body says something of the trigger rule; ``rule`` None then removes it.
    """

    values: Mapping[str, Any]
    interface: JobInterface | None
    has_rule: bool
    rule: Document | None


class JobTypeEditor:
    """Checks bodies of job types and saves them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rules = RuleEditor(context)

    def find(self, session: Session, key: Key) -> JobType | None:
        """The job type of that name and version."""
        name, version = key
        return session.scalars(select(JobType).where(JobType.name == name, JobType.version == version)).one_or_none()

    def require_free(self, session: Session, key: Key) -> None:
        """Raise Conflict if there is a job type of that name and version."""
        if self.find(session, key) is not None:
            raise Conflict(_taken(key))

    def check(
        self,
        session: Session,
        findings: Findings,
        body: Mapping[str, Any],
        existing: JobType | None = None,
        at: str = "",
    ) -> CheckedJobType:
        """Check the body of a new job type, or of a change to an existing one. Recipe types that use it are left to
        :meth:`check_recipe_types`.

        :param findings: gets what is wrong; what this returns is only to be saved if that is nothing.
        :param at: JSON pointer of the body.
        """
        if existing is not None and existing.is_system:
            _check_system_type(findings, body, existing, at)
        values = dict(body)
        interface = self._interface(findings, values, at)
        self._error_mapping(session, findings, values, at)
        self._custom_resources(findings, values, at)
        has_rule, rule = RULE in values, values.pop(RULE, None)
        target = _target(values.get("name"), interface, existing)
        if rule is not None:
            rule = self._rules.check(session, findings, rule, target, f"{at}/{RULE}")
        elif not has_rule and interface and target and existing and existing.trigger_rule:
            self._rules.check_saved(session, findings, existing.trigger_rule, target, f"{at}/interface")
        return CheckedJobType(values, interface, has_rule, rule)

    def check_recipe_types(
        self, session: Session, findings: Findings, job_type: JobType, interface: JobInterface, at: str = ""
    ) -> None:
        """Check that the recipe types that use a job type work with a new interface of it."""
        if interface != JobInterface.from_document(job_type.interface):
            changed = {(job_type.name, job_type.version): NewInterface(interface, f"{at}/interface")}
            check_recipe_types(session, self._context, findings, changed)

    def create(self, session: Session, checked: CheckedJobType) -> JobType:
        """Save a new job type with its first revision.

        :raises Conflict: there is one of that name and version.
        """
        now = self._context.now()
        values = {**NEW_JOB_TYPE, "error_mapping": ErrorInterface().to_document(), **checked.values}
        job_type = JobType(
            **values,
            paused=now if values["is_paused"] else None,
            trigger_rule=self._rules.save(session, checked.rule, None, values["name"]),
            is_system=False,
            is_active=True,
            revision_num=1,
            created=now,
            last_modified=now,
        )
        insert(session, job_type, _taken((job_type.name, job_type.version)))
        self._add_revision(session, job_type)
        return job_type

    def plan(self, job_type: JobType, checked: CheckedJobType) -> TypeChange:
        """What :meth:`edit` would change. The revision rises if the interface means something else."""
        is_revised = checked.interface not in (None, JobInterface.from_document(job_type.interface))
        return TypeChange(
            differing(job_type, checked.values),
            job_type.revision_num + 1 if is_revised else None,
            self._rules.effect(checked.rule, job_type.trigger_rule) if checked.has_rule else None,
            rule_label(job_type.trigger_rule),
        )

    def edit(self, session: Session, job_type: JobType, checked: CheckedJobType) -> TypeChange:
        """Save changes."""
        planned = self.plan(job_type, checked)
        now = self._context.now()
        values = dict(planned.values)
        if "is_paused" in values:
            values["paused"] = now if values["is_paused"] else None
        if "is_active" in values:
            values["archived"] = None if values["is_active"] else now
        if planned.revision_num is not None:
            values["revision_num"] = planned.revision_num
        if checked.has_rule:
            rule = self._rules.save(session, checked.rule, job_type.trigger_rule, job_type.name)
            # A new rule gets its id by this.
            session.flush()
            values |= {"trigger_rule_id": None if rule is None else rule.id, "trigger_rule": rule}
        change(job_type, values, now)
        if planned.revision_num is not None:
            self._add_revision(session, job_type)
        session.flush()
        return planned

    def _interface(self, findings: Findings, values: dict[str, Any], at: str) -> JobInterface | None:
        """Check the interface in ``values``, and put its latest version in its place."""
        if "interface" not in values:
            return None
        at = f"{at}/interface"
        document = findings.document(self._context.specs, "job-interface", values["interface"], at)
        if document is None:
            return None
        values["interface"] = document
        interface = JobInterface.from_document(document)
        problems = interface_problems(interface, at)
        findings.add(problems, interface_warnings(interface))
        return None if problems else interface

    def _error_mapping(self, session: Session, findings: Findings, values: dict[str, Any], at: str) -> None:
        """Check the error mapping in ``values``, and put its latest version in its place."""
        if "error_mapping" not in values:
            return
        at = f"{at}/error_mapping"
        document = findings.document(self._context.specs, "error-interface", values["error_mapping"], at)
        if document is None:
            return
        values["error_mapping"] = document
        exit_codes = ErrorInterface.from_document(document).exit_codes
        names = set(exit_codes.values())
        known = set(session.scalars(select(Error.name).where(Error.name.in_(sorted(names))))) if names else set()
        for code, name in exit_codes.items():
            if name not in known:
                place = at + pointer(["exit_codes", code])
                findings.problem(place, f"There is no error {name!r}; create it first, or name one that exists.")

    def _custom_resources(self, findings: Findings, values: dict[str, Any], at: str) -> None:
        """Check the custom resources in ``values``, and put their latest version in their place; None where there are
        none, which is what placement need not read."""
        given = values.get("custom_resources")
        if given is None:
            return
        document = findings.document(self._context.specs, "custom-resources", given, f"{at}/custom_resources")
        values["custom_resources"] = document if document and document.get("resources") else None

    @staticmethod
    def _add_revision(session: Session, job_type: JobType) -> None:
        session.add(
            JobTypeRevision(
                job_type_id=job_type.id,
                revision_num=job_type.revision_num,
                interface=job_type.interface,
                created=job_type.last_modified,
            )
        )
        session.flush()


def job_type_target(name: str, interface: JobInterface) -> RuleTarget:
    """What the rule of a job type starts."""
    return RuleTarget(name, interface.input_data, bool(interface.output_data))


def _target(name: str | None, interface: JobInterface | None, existing: JobType | None) -> RuleTarget | None:
    if interface is None and existing is not None:
        interface = JobInterface.from_document(existing.interface)
    if interface is None:
        return None
    return job_type_target(name or (existing.name if existing else ""), interface)


def _check_system_type(findings: Findings, body: Mapping[str, Any], job_type: JobType, at: str) -> None:
    for field in sorted(set(body) - CHANGEABLE_OF_SYSTEM_TYPES):
        detail = f"The job type {job_type.name!r} is one of Scale's own: only is_paused can be changed."
        findings.problem(f"{at}/{field}", detail)


def _taken(key: Key) -> str:
    name, version = key
    return f"There is a job type {name!r} version {version!r} already; edit that one, or choose another version."
