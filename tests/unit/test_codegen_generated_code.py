"""What the code generated from ``codegen_golden/`` does."""

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest

GOLDEN_PACKAGES: Final = Path(__file__).parent / "codegen_golden" / "generated"
Load = Callable[[str], ModuleType]


def _take_generated() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == "scale_generated"]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    """Imports modules of the golden package, which has the real one's name and stands in for it meanwhile."""
    real = _take_generated()
    sys.path.insert(0, str(GOLDEN_PACKAGES))
    importlib.invalidate_caches()
    write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield lambda name: importlib.import_module(f"scale_generated.{name}")
    finally:
        sys.dont_write_bytecode = write_bytecode
        sys.path.remove(str(GOLDEN_PACKAGES))
        _take_generated()
        sys.modules.update(real)


class Context:
    def file_url(self, file_id: int, path: str, base_url: str) -> str:
        return f"{base_url}/{path}#{file_id}"

    def wkt(self, point: str) -> str:
        return f"POINT ({point})"


def _row(columns: tuple[str, ...], **values: Any) -> tuple[Any, ...]:
    return tuple(values.get(column.replace(".", "__")) for column in columns)


def _file_values() -> dict[str, Any]:
    return {
        "id": 7,
        "file_name": "a.png",
        "status": "STORED",
        "file_path": "x/a.png",
        "workspace__id": 1,
        "workspace__name": "raw",
        "workspace__created": datetime(2015, 1, 1, tzinfo=UTC),
        "workspace__base_url": "http://here",
        "data_types": ["one"],
        "center_point": "1 2",
    }


def test_a_row_becomes_its_model(load: Load) -> None:
    serializers = load("serializers")
    assert serializers.file(_row(serializers.FILE_COLUMNS, **_file_values()), Context()) == {
        "name": "a.png",
        "id": 7,
        "status": "STORED",
        "size": None,
        "url": "http://here/x/a.png#7",
        "workspace": {"id": 1, "name": "raw", "created": "2015-01-01T00:00:00.000Z"},
        "archive": None,
        "data_types": ["one"],
        "deleted": None,
    }


def test_a_nullable_object_is_there_when_its_id_is(load: Load) -> None:
    serializers = load("serializers")
    row = _row(serializers.FILE_COLUMNS, **_file_values(), archive__id=2, archive__name="old")
    assert serializers.file(row, Context())["archive"] == {"id": 2, "name": "old", "created": None}


def test_attached_values_are_keyword_arguments_and_an_extension_has_the_fields_of_both(load: Load) -> None:
    serializers = load("serializers")
    details = serializers.file_details(
        _row(serializers.FILE_DETAILS_COLUMNS, **_file_values()), Context(), ancestors=["parent"]
    )
    assert (details["name"], details["ancestors"], details["centre"]) == ("a.png", ["parent"], "POINT (1 2)")


def test_columns_are_unique_and_hidden_ones_come_last(load: Load) -> None:
    columns = load("serializers").FILE_COLUMNS
    assert len(set(columns)) == len(columns)
    assert columns[-2:] == ("file_path", "workspace.base_url")


def test_lists_are_ordered_by_scalar_columns_only(load: Load) -> None:
    order = load("serializers").FILE_ORDER
    assert order["name"] == "file_name"
    assert order["workspace__name"] == "workspace.name"
    assert not {"url", "workspace", "data_types", "file_path"} & set(order)


def test_times_are_utc_with_milliseconds(load: Load) -> None:
    timestamp = load("_runtime").timestamp
    berlin = datetime(2015, 7, 1, 2, 30, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(berlin) == "2015-07-01T00:30:00.123Z"
    assert timestamp("2015-07-01 00:30:00.123999") == "2015-07-01T00:30:00.123Z"  # as SQLite keeps it
    assert timestamp(None) is None
    with pytest.raises(ValueError, match="has no time zone"):
        timestamp(datetime(2015, 7, 1))  # noqa: DTZ001 - what is refused


def test_a_query_takes_defaults_from_the_document_and_ignores_other_arguments(load: Load) -> None:
    query = load("queries").ListFilesQuery.from_kwargs({"from": "2015-01-01T00:00:00Z", "order": ["-id"], "file_id": 1})
    assert (query.page, query.from_, query.order, query.status, query.is_source) == (
        1,
        "2015-01-01T00:00:00Z",
        ("-id",),
        ("STORED",),
        None,
    )


def _operations(load: Load) -> dict[str, Any]:
    return {operation.operation_id: operation for operation in load("routes").OPERATIONS}


def test_the_table_of_operations_says_how_to_call_each_handler(load: Load) -> None:
    operations = _operations(load)
    assert operations["find_file"].path_parameters == ("file_name", "part")
    assert operations["list_files"].query is load("queries").ListFilesQuery
    assert (operations["create_file"].has_body, operations["create_file"].success_status) == (True, 201)
    assert (operations["delete_file"].has_body, operations["delete_file"].success_status) == (False, 204)


def _handlers(load: Load, *, without: str = "") -> Any:
    names = [operation.operation_id for operation in load("routes").OPERATIONS if operation.operation_id != without]
    handlers = SimpleNamespace(**{name: (lambda name=name: name) for name in names})
    return load("routes").HandlerTable(files=handlers, system_state=handlers)


def test_a_handler_is_found_by_its_operation(load: Load) -> None:
    table = _handlers(load)
    load("routes").check_handlers(table)
    assert load("routes").resolve(table, _operations(load)["get_state"])() == "get_state"


def test_an_operation_without_a_handler_fails_at_start_up_and_is_named(load: Load) -> None:
    routes = load("routes")
    table = _handlers(load, without="edit_file")
    with pytest.raises(routes.MissingHandler, match=r"files\.edit_file \(PATCH /files/\{file_id\}/\)") as caught:
        routes.check_handlers(table)
    assert caught.value.operations == (_operations(load)["edit_file"],)
    with pytest.raises(routes.MissingHandler):
        routes.resolve(table, _operations(load)["edit_file"])


def test_handlers_that_inherit_from_the_protocol_cannot_leave_out_a_method(load: Load) -> None:
    handlers = type("Handlers", (load("routes").SystemStateHandlers,), {})
    with pytest.raises(TypeError, match="get_state"):
        handlers()


def test_enums_have_members_named_in_python(load: Load) -> None:
    assert {each.name: each.value for each in load("enums").FileStatus} == {
        "STORED": "STORED",
        "ON": "ON",
        "IN_TRANSIT": "in-transit",
        "V2ND_COPY": "2nd_copy",
    }


MINIMAL: Final = {"note": None, "weight": 1.5, "seen": {"by": "us", "times": [1, 2], "twice": 2}}


def test_a_document_gets_its_defaults(load: Load) -> None:
    survey = load("specs.survey").Survey.from_document(MINIMAL)
    assert (survey.version, survey.import_, survey.kind, survey.points, survey.centre) == (
        "1.10",
        False,
        "land",
        (),
        None,
    )
    assert (survey.origin.x, survey.labels, survey.errors) == (0, {}, {})
    assert survey.seen.times == (1, 2)
    assert survey.seen.additional == {"twice": 2}


def test_a_class_made_in_python_has_the_same_defaults(load: Load) -> None:
    module = load("specs.survey")
    seen = module.SurveySeen(by="us", times=(1, 2), additional={"twice": 2})
    assert module.Survey(note=None, weight=1.5, seen=seen) == module.Survey.from_document(MINIMAL)


def test_a_document_written_has_its_defaults_and_leaves_out_what_is_not_there(load: Load) -> None:
    assert load("specs.survey").Survey.from_document(MINIMAL).to_document() == {
        "version": "1.10",
        "import": False,
        "kind": "land",
        **MINIMAL,
        "points": [],
        "origin": {"x": 0, "y": 0},
        "labels": {},
        "errors": {},
    }


def test_a_full_document_survives_the_way_there_and_back(load: Load) -> None:
    point = {"x": 1, "y": 2, "around": [{"x": 3, "y": 4}]}
    document = {
        **MINIMAL,
        "version": "1.10",
        "import": True,
        "kind": None,
        "note": "n",
        "points": [point],
        "centre": point,
        "origin": point,
        "optional_points": [point],
        "labels": {"a": {"text": "t"}},
        "shelf": {"version": "1.0", "broker": {"type": "host", "path": "/p", "deep": {"k": [1]}}},
        "free": {"anything": [1]},
        "errors": ["e"],
        "either": 3,
        "anything": {"x": 1},
    }
    assert load("specs.survey").Survey.from_document(document).to_document() == document


def test_definitions_that_nothing_refers_to_are_left_out(load: Load) -> None:
    assert not hasattr(load("specs.shelf"), "Unused")
