"""Many rows with one statement."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, select

from fakes.world import World
from scale_core.db.bulk import insert_rows, parameters, rows_of, update_all, update_by_id
from scale_core.db.models import ScaleFile, TriggerEvent

NOON = datetime(2026, 3, 4, 12, 0, 30, 5, tzinfo=UTC)
SAME = {
    "file_type": "SOURCE",
    "workspace_id": 1,
    "media_type": "text/plain",
    "file_size": 1 << 40,
    "data_type": ["b", "a"],
    "uuid": "u",
    "meta_data": {"a": [1, None, "é"]},
    "countries": [],
    "created": NOON,
    "last_modified": NOON,
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def insert(world: World, number: int) -> list[int]:
    rows = [{"file_name": f"{one}'\"\\é\n.txt", "file_path": f"in/{one}"} for one in range(number)]
    with world.database.write() as session:
        return insert_rows(session, ScaleFile, rows, **SAME)


def test_rows_are_inserted_in_order_with_all_their_columns(world: World) -> None:
    ids = insert(world, 1000)
    files = world.all(ScaleFile)
    assert ids == [file.id for file in files]
    assert [file.file_name for file in files] == [f"{one}'\"\\é\n.txt" for one in range(1000)]
    for name, value in SAME.items():
        assert getattr(files[-1], name) == value
    assert (files[0].is_deleted, files[0].is_parsed, files[0].parsed) == (False, False, None)


def test_rows_are_changed_by_id_and_others_are_left_alone(world: World) -> None:
    ids = insert(world, 4)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5))) + timedelta(days=1)
    with world.database.write() as session:
        rows = [
            {"id": ids[2], "meta_data": {"x": 1}, "is_parsed": True, "parsed": elsewhere},
            {"id": ids[0], "meta_data": {"x": 2}, "is_parsed": False, "parsed": None},
        ]
        update_by_id(session, ScaleFile, rows, checksum="c")
        update_all(session, ScaleFile, [ids[1]], west=1.5)
    first, second, third, fourth = world.all(ScaleFile)
    assert (third.meta_data, third.is_parsed, third.parsed, third.checksum) == ({"x": 1}, True, elsewhere, "c")
    assert (first.meta_data, first.is_parsed, first.parsed, first.checksum) == ({"x": 2}, False, None, "c")
    assert (second.west, second.checksum, fourth.checksum) == (1.5, None, None)


def test_a_statement_changes_any_number_of_rows_and_inserts_hundreds(world: World) -> None:
    statements: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    ids = insert(world, 1000)
    assert len([one for one in statements if one.startswith("INSERT INTO scale_file")]) < 10
    statements.clear()
    with world.database.write() as session:
        update_all(session, ScaleFile, ids, checksum="c")
    assert len([one for one in statements if one.startswith("UPDATE scale_file")]) == 1


def test_groups_of_many_sizes_share_a_few_statements(world: World) -> None:
    statements: set[str] = set()
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: statements.add(given[2]))
    with world.database.write() as session:
        for number in range(1, 200, 3):
            rows = [{"file_name": "x", "file_path": f"{number}/{one}"} for one in range(number)]
            ids = insert_rows(session, ScaleFile, rows, **SAME)
            inserted = select(ScaleFile.file_path).where(ScaleFile.id.in_(ids)).order_by(ScaleFile.id)
            assert session.scalars(inserted).all() == [row["file_path"] for row in rows]
    assert len([one for one in statements if one.startswith("INSERT INTO scale_file")]) < 10


def test_nothing_to_change_is_no_statement(world: World) -> None:
    with world.database.write() as session:
        assert insert_rows(session, ScaleFile, [], **SAME) == []
        update_by_id(session, ScaleFile, [], checksum="c")
        update_all(session, ScaleFile, [], checksum="c")


def test_values_can_be_joined(world: World) -> None:
    ids = insert(world, 3)
    with world.database.read() as session:
        given = rows_of(session.get_bind().dialect, ScaleFile, ("file_path",))
        found = (
            select(ScaleFile.id)
            .select_from(given.source)
            .join(ScaleFile, ScaleFile.file_path == given.columns["file_path"])
        )
        rows = [{"file_path": "in/2"}, {"file_path": "nowhere"}]
        assert list(session.scalars(found, parameters(session, rows))) == [ids[2]]


def test_what_cannot_travel_as_json_is_refused(world: World) -> None:
    with world.database.write() as session, pytest.raises(TypeError, match="bytes"):
        update_by_id(session, ScaleFile, [{"id": 1, "geometry": b"\1"}])


def test_what_is_the_same_in_all_rows_of_a_large_group_is_not_confused_with_what_only_seems_so(world: World) -> None:
    ids = insert(world, 12)
    documents = [{"x": one} for one in (1, 1.0, True)] * 4
    same = {"meta_data": {}, "checksum": "c", "parsed": NOON, "is_parsed": True, "west": None}
    with world.database.write() as session:
        update_by_id(session, ScaleFile, [{"id": one, **same} for one in ids])
    assert {
        (one.checksum, one.parsed, one.is_parsed, one.west, str(one.meta_data)) for one in world.all(ScaleFile)
    } == {("c", NOON, True, None, "{}")}
    rows = [{"id": one, "meta_data": document, "checksum": None} for one, document in zip(ids, documents, strict=True)]
    with world.database.write() as session:
        update_by_id(session, ScaleFile, rows)
    assert [str(one.meta_data["x"]) for one in world.all(ScaleFile)] == ["1", "1.0", "True"] * 4
    assert {one.checksum for one in world.all(ScaleFile)} == {None}


def test_rows_that_are_all_the_same_are_inserted_each(world: World) -> None:
    event = {"type": "USER", "occurred": NOON, "description": {"a": 1}}
    with world.database.write() as session:
        ids = insert_rows(session, TriggerEvent, [event] * 20)
    assert ids == [one.id for one in world.all(TriggerEvent)]
    assert [one.description for one in world.all(TriggerEvent)] == [{"a": 1}] * 20
