"""Keeps the audit list: what each request, or command, changed, written in the transaction that changes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from scale_core.db.changes import RECORDER, ChangeLog, Touched
from scale_core.db.models import AuditRecord
from scale_core.domain.access import Caller
from scale_core.services.context import Clock
from scale_core.services.masking import bounded

MOST_CHANGES: Final = 20
ROOM: Final = 32 * 1024
"""How many bytes of values a record may keep, and how many of the request."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What is done.

    :param operation: an ``operationId``, or a command.
    :param kind: what it is done to, as :func:`scale_core.db.changes.kind_of` calls it.
    :param object_id: the one it is done to; None: what is created.
    :param request: with what.
    """

    operation: str
    kind: str | None = None
    object_id: int | None = None
    request: Mapping[str, Any] | None = None


@contextmanager
def recorded(now: Clock, caller: Caller, doing: Doing) -> Iterator[None]:
    """Have the transactions in this block recorded as one change that ``caller`` makes; if they change something."""
    before = RECORDER.set(_Recorder(now, caller, doing))
    try:
        yield
    finally:
        RECORDER.reset(before)


def act_as(caller: Caller) -> None:
    """Say who makes the changes from here on: who signs in is not known before."""
    recorder = RECORDER.get()
    if isinstance(recorder, _Recorder):
        recorder.caller = caller


class _Recorder:
    """One change, in one or more transactions."""

    def __init__(self, now: Clock, caller: Caller, doing: Doing) -> None:
        self.caller = caller
        self._now = now
        self._doing = doing
        self._log: ChangeLog | None = None
        self._record_id: int | None = None
        self._changes: list[dict[str, Any]] = []
        self._touched: dict[str, Touched] = {}
        self._room = ROOM

    def begin(self, session: Session) -> None:
        self._log = ChangeLog(session, MOST_CHANGES - len(self._changes))

    def end(self, session: Session) -> None:
        if self._log is None:
            return
        for change in self._log.changes():
            self._add(change.kind, change.row.id, change.before, change.after)
        for kind, touched in self._log.touched.items():
            self._touched.setdefault(kind, Touched()).add(touched.count, touched.ids)
        if any(touched.count for touched in self._log.touched.values()):
            self._save(session)
        self._log = None

    def _add(self, kind: str, row_id: int, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        told: dict[str, Any] = {"object_type": kind, "object_id": row_id}
        for name, values in (("before", before), ("after", after)):
            told[name] = bounded(values, self._room)
            self._room -= len(orjson.dumps(told[name]))
        self._changes.append(told)

    def _save(self, session: Session) -> None:
        known = None if self._record_id is None else session.get(AuditRecord, self._record_id)
        record = known or self._new()
        record.user_name, record.method = self.caller.name, self.caller.method
        record.object_id = self._object_id()
        record.changes = list(self._changes)
        record.touched = [
            {"object_type": kind, "count": one.count, "object_ids": one.ids} for kind, one in self._touched.items()
        ]
        session.add(record)
        session.flush()
        self._record_id = record.id

    def _new(self) -> AuditRecord:
        return AuditRecord(
            occurred=self._now(),
            token_id=self.caller.token_id,
            operation=self._doing.operation,
            object_type=self._doing.kind,
            request=bounded(self._doing.request, ROOM),
        )

    def _object_id(self) -> int | None:
        if self._doing.object_id is not None:
            return self._doing.object_id
        created = (one for one in self._changes if one["object_type"] == self._doing.kind and one["before"] is None)
        return next((one["object_id"] for one in created), None)
