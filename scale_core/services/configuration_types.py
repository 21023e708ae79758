"""Job types and recipe types of a configuration, one by one: an import treats both alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.models import JobType, RecipeType
from scale_core.db.types import is_same_document
from scale_core.services.configuration_fields import Fields
from scale_core.services.findings import Findings
from scale_core.services.interfaces import Key
from scale_core.services.request_bodies import validator_of, without_key
from scale_core.services.type_changes import TypeChange

Record = Mapping[str, Any]
T = TypeVar("T", JobType, RecipeType)
C = TypeVar("C")

RULE = "trigger_rule"


class TypeEditor(Protocol[T, C]):
    """What checks and saves types of a kind."""

    def find(self, session: Session, key: Key) -> T | None:
        """The type of that name and version."""

    def check(self, session: Session, findings: Findings, body: Record, existing: T | None = None, at: str = "") -> C:
        """Check the body of a new type, or of a change to an existing one."""

    def create(self, session: Session, checked: C) -> T:
        """Save a new type."""

    def edit(self, session: Session, record: T, checked: C, /) -> TypeChange:
        """Save changes."""


@dataclass(frozen=True, slots=True)
class TypeKind(Generic[T, C]):
    """A kind of types.

    :param new_schema: of the HTTP contract: the body that creates one.
    :param edit_schema: the body that edits one.
    :param exported: one, as an export has it.
    """

    editor: TypeEditor[T, C]
    fields: Fields
    new_schema: str
    edit_schema: str
    exported: Callable[[T], Document]


class TypeLoader(Generic[T, C]):
    """Creates and edits types of a kind.

    :param rule_fields: the fields of their trigger rules.
    """

    def __init__(self, kind: TypeKind[T, C], rule_fields: Fields) -> None:
        self._kind: TypeKind[T, C] = kind
        self._rule_fields = rule_fields

    def load(self, session: Session, findings: Findings, record: Record, at: str) -> tuple[T, TypeChange] | None:
        """Create or edit the type that a record describes.

        :param findings: gets problems, then nothing is saved, and warnings.
        :param at: JSON pointer of the record.
        :return: a type that was edited, and what has changed of it.
        """
        existing = self._kind.editor.find(session, (record["name"], record["version"]))
        if existing is not None and isinstance(existing, JobType) and existing.is_system:
            name = existing.name
            findings.problem(at, f"The job type {name!r} is one of Scale's own and cannot be imported; leave it out.")
            return None
        mine = Findings()
        body = self._kind.fields.writable(record)
        change = None
        if existing is None:
            saved = self._create(session, mine, body, at)
        else:
            saved = existing
            change = self._edit(session, mine, existing, body, at)
        self._warn_of_read_only(mine, record, saved, at)
        findings.add(mine.problems, mine.warnings)
        return None if saved is None or change is None or change.is_empty else (saved, change)

    def _create(self, session: Session, findings: Findings, body: Document, at: str) -> T | None:
        body = self._with_rule(body)
        if not findings.valid(validator_of(self._kind.new_schema), body, at):
            return None
        checked = self._kind.editor.check(session, findings, body, at=at)
        return None if findings.problems else self._kind.editor.create(session, checked)

    def _edit(self, session: Session, findings: Findings, existing: T, body: Document, at: str) -> TypeChange | None:
        is_same = existing.is_active and says_the_same(
            self._rule_without_read_only(body), self._kind.exported(existing)
        )
        body = self._with_rule(without_key(body))
        if not existing.is_active:
            body["is_active"] = True  # what is imported is there to be used
        if not body or not findings.valid(validator_of(self._kind.edit_schema), body, at):
            return None
        checked = self._kind.editor.check(session, findings, body, existing, at)
        if is_same:
            # What the world around it has made wrong since is no reason to refuse what changes nothing.
            findings.tolerate()
        return None if is_same or findings.problems else self._kind.editor.edit(session, existing, checked)

    def _rule_without_read_only(self, body: Document) -> Document:
        return body if body.get(RULE) is None else {**body, RULE: self._rule_fields.writable(body[RULE])}

    def _with_rule(self, body: Document) -> Document:
        """The body with its rule as a request has it: the specification allows a name that is null."""
        body = self._rule_without_read_only(body)
        if body.get(RULE) is not None and body[RULE].get("name", "") is None:
            body[RULE] = {field: value for field, value in body[RULE].items() if field != "name"}
        return body

    def _warn_of_read_only(self, findings: Findings, record: Record, saved: T | None, at: str) -> None:
        findings.read_only(self._kind.fields.ignored(record, saved), at)
        if record.get(RULE) is not None:
            rule = None if saved is None else saved.trigger_rule
            findings.read_only(self._rule_fields.ignored(record[RULE], rule), f"{at}/{RULE}")


def says_the_same(record: Record, exported: Record) -> bool:
    """Whether what a record says is so already.

    :param exported: what is so, as an export has it.
    """
    return all(field in exported and is_same_document(exported[field], value) for field, value in record.items())
