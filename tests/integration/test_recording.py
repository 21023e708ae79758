"""What is changed is recorded in the transaction that changes it, or not at all."""

from typing import Any

import pytest
from sqlalchemy import select, update

from scale_core.db.models import AuditRecord, Error, Scheduler, Workspace
from scale_core.domain.access import ANYBODY
from scale_core.services.context import Context
from scale_core.services.recording import MOST_CHANGES, Doing, recorded
from scale_core.services.records import change


def records(context: Context) -> list[AuditRecord]:
    with context.database.read() as session:
        return list(session.scalars(select(AuditRecord).order_by(AuditRecord.id)))


def error(context: Context, name: str, **values: Any) -> Error:
    now = context.now()
    return Error(name=name, category="DATA", created=now, last_modified=now, **values)


def test_what_is_taken_back_is_not_recorded(context: Context) -> None:
    def break_off() -> None:
        with recorded(context.now, ANYBODY, Doing("break")), context.database.write() as session:
            session.add(error(context, "lost"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert records(context) == []


def test_nobody_is_recorded_outside_of_a_request(context: Context) -> None:
    with recorded(context.now, ANYBODY, Doing("nothing")):
        pass
    with context.database.write() as session:
        session.add(error(context, "own"))
    assert records(context) == []


def test_several_transactions_of_one_request_are_one_record(context: Context) -> None:
    with recorded(context.now, ANYBODY, Doing("twice", "error")):
        for name in ("one", "two"):
            with context.database.write() as session:
                session.add(error(context, name))
    (record,) = records(context)
    assert [change["after"]["name"] for change in record.changes] == ["one", "two"]
    assert record.touched[0]["count"] == 2
    assert record.object_id == record.changes[0]["object_id"]


def test_a_row_that_is_changed_twice_is_told_from_first_to_last(context: Context) -> None:
    with context.database.write() as session:
        session.add(error(context, "known", title="first"))
    with recorded(context.now, ANYBODY, Doing("edit")), context.database.write() as session:
        row = session.scalars(select(Error).where(Error.name == "known")).one()
        for title in ("second", "third"):
            row.title = title
            session.flush()
    (record,) = records(context)
    assert [(one["before"], one["after"]) for one in record.changes] == [({"title": "first"}, {"title": "third"})]


def test_a_document_in_which_a_1_becomes_true_is_told_as_it_was(context: Context) -> None:
    now = context.now()
    with context.database.write() as session:
        session.add(Workspace(name="raw", json_config={"broker": {"fast": 1}}, created=now, last_modified=now))
    with recorded(context.now, ANYBODY, Doing("edit")), context.database.write() as session:
        workspace = session.scalars(select(Workspace)).one()
        assert change(workspace, {"json_config": {"broker": {"fast": True}}}, now)
    (record,) = records(context)
    (told,) = record.changes
    assert repr(told["before"]["json_config"]) == "{'broker': {'fast': 1}}"
    assert repr(told["after"]["json_config"]) == "{'broker': {'fast': True}}"
    with context.database.read() as session:
        assert repr(session.scalars(select(Workspace.json_config)).one()) == "{'broker': {'fast': True}}"


def test_what_goes_is_told_as_it_was(context: Context) -> None:
    with context.database.write() as session:
        session.add(error(context, "short-lived", title="first"))
    with recorded(context.now, ANYBODY, Doing("delete")), context.database.write() as session:
        session.delete(session.scalars(select(Error).where(Error.name == "short-lived")).one())
    (record,) = records(context)
    assert record.changes[0]["before"]["title"] == "first"
    assert record.changes[0]["after"] is None


def test_statements_without_objects_are_counted(context: Context) -> None:
    with recorded(context.now, ANYBODY, Doing("pause")), context.database.write() as session:
        session.execute(update(Scheduler).values(is_paused=True))
    (record,) = records(context)
    assert (record.changes, record.touched) == ([], [{"object_type": "scheduler", "count": 1, "object_ids": []}])


def test_a_record_stays_short_however_much_is_changed(context: Context) -> None:
    with recorded(context.now, ANYBODY, Doing("many")), context.database.write() as session:
        session.add_all(error(context, f"error-{number}", description="x" * 4000) for number in range(200))
    (record,) = records(context)
    assert len(record.changes) == MOST_CHANGES
    assert record.touched[0]["count"] == 200
    assert len(str(record.changes)) < 50_000
