"""The library of specifications: versions, checks, upgrades, and documents of any kind."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scale_core.specs import InvalidDocument, Problem, SpecLibrary, SpecSourceError, UnknownSpec
from scale_core.specs.values import MAX_DEPTH

SPECS = Path(__file__).parents[2] / "specs"
LIBRARY = SpecLibrary.from_tree(SPECS)
TRIGGER = {"data": {"input_data_name": "image", "workspace_name": "products"}}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
MANIFEST_KEYS = ["output_data", "file", "files", "path", "geo_metadata", "geo_json", "type", "coordinates"]
OTHER_KEYS = ["version", "name", "input_data", "broker", "jobs", "errors", "exit_codes", "mount", "schedule", "steps"]
KEYS = st.text(max_size=5) | st.sampled_from([*MANIFEST_KEYS, *OTHER_KEYS])
VALUES = SCALARS | st.sampled_from(["1.0", "1.1", "nfs", "file", "Point", "Polygon", "Feature", "FAILED", "PT1H"])
JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5))


def nested(levels: int) -> Any:
    document: Any = []
    for _ in range(levels):
        document = {"geometries": [document]}
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(LIBRARY.names()), document=JSON)
def test_any_json_gets_an_answer(name: str, document: object) -> None:
    for problem in LIBRARY.problems(name, document):
        assert problem.detail
        assert problem.pointer == "" or problem.pointer.startswith("/")
        assert len(problem.detail) < 2000


@settings(max_examples=50, deadline=None)
@given(name=st.text(max_size=300), files=st.lists(st.sampled_from(["path", "paths"]), max_size=3))
def test_a_valid_old_manifest_upgrades_to_a_valid_one(name: str, files: list[str]) -> None:
    entries = [{"name": name, kind: "/out/a" if kind == "path" else ["/out/b"]} for kind in files]
    document = {"version": "1.0", "files": entries}
    if not LIBRARY.problems("results-manifest", document):
        assert LIBRARY.problems("results-manifest", LIBRARY.upgrade("results-manifest", document)) == []


def test_a_manifest_1_0_becomes_one_of_the_latest_version() -> None:
    parsed = [{"filename": "a.h5", "data_started": "2015-05-15T10:34:12Z", "data_types": ["H5"], "gis_data_path": "g"}]
    document = {
        "version": "1.0",
        "files": [{"name": "one", "path": "/out/a"}, {"name": "several", "paths": ["/out/b", "/out/c"]}],
        "parse_results": parsed,
        "info": {"seconds": 3},
    }

    assert LIBRARY.check("results-manifest", document) == {
        "version": "1.2",
        "output_data": [
            {"name": "one", "file": {"path": "/out/a"}},
            {"name": "several", "files": [{"path": "/out/b"}, {"path": "/out/c"}]},
        ],
        "parse_results": parsed,
        "info": {"seconds": 3},
    }
    assert document["version"] == "1.0"


def test_a_document_without_version_is_read_as_the_latest() -> None:
    assert LIBRARY.check("ingest-trigger", TRIGGER) == {"version": "1.0", **TRIGGER}
    assert LIBRARY.problems("results-manifest", {"files": []})[0].pointer == "/files"


def test_the_version_of_a_silent_document_can_be_given() -> None:
    assert LIBRARY.check("results-manifest", {"files": []}, version="1.0") == {"version": "1.2", "output_data": []}


def test_an_unknown_version_is_a_problem_that_names_those_there_are() -> None:
    assert LIBRARY.problems("results-manifest", {"version": "2.0"}) == [
        Problem("/version", 'results-manifest has no version "2.0"; there are: "1.0", "1.1", "1.2"')
    ]


@pytest.mark.parametrize("version", [1.0, None, [], {}, True])
def test_a_version_that_is_not_text_is_a_problem(version: object) -> None:
    assert [problem.pointer for problem in LIBRARY.problems("strike", {"version": version})] == ["/version"]


def test_check_puts_the_place_before_every_pointer() -> None:
    with pytest.raises(InvalidDocument) as caught:
        LIBRARY.check("job-data", {"input_data": [{"name": "a/b", "file_id": 0}]}, at="/job_data")

    assert [problem.pointer for problem in caught.value.problems] == [
        "/job_data/input_data/0/name",
        "/job_data/input_data/0/file_id",
    ]
    message = str(caught.value).splitlines()
    assert message[0] == "This is not a valid job-data document:"
    assert message[1].startswith("/job_data/input_data/0/name: ")
    assert len(message) == 3


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownSpec, match=r'no specification is named "job"; there are: .*job-data'):
        LIBRARY.problems("job", {})
    with pytest.raises(UnknownSpec, match=r'strike has no version "7.0"; there are: 1.0'):
        LIBRARY.schema("strike", "7.0")
    with pytest.raises(UnknownSpec, match="strike has no version"):
        LIBRARY.problems("strike", {}, "7.0")


def test_versions_are_ordered_as_numbers() -> None:
    schema = LIBRARY.schema("strike", "1.0")
    library = SpecLibrary({"x": {version: {**schema, "$id": f"urn:x:{version}"} for version in ("1.10", "1.9", "1.2")}})

    assert library.versions("x") == ["1.2", "1.9", "1.10"]
    assert library.latest("x") == "1.10"
    with pytest.raises(UnknownSpec, match=r'x "1\.2" cannot be upgraded to 1\.10'):
        library.upgrade("x", {"version": "1.2"})


def test_the_flat_layout_of_the_package_reads_the_same(tmp_path: Path) -> None:
    for path in SPECS.glob("*/*.json"):
        (tmp_path / f"{path.parent.name}-{path.name}").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "__init__.py").touch()

    flat = SpecLibrary.from_flat(tmp_path)

    assert flat.names() == LIBRARY.names()
    assert flat.versions("results-manifest") == ["1.0", "1.1", "1.2"]
    assert flat.problems("ingest-trigger", TRIGGER) == []


def test_schemas_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    with pytest.raises(SpecSourceError, match="no folder of schemas"):
        SpecLibrary.from_flat(tmp_path / "none")
    with pytest.raises(SpecSourceError, match="no schemas to read"):
        SpecLibrary.from_flat(tmp_path)
    (tmp_path / "strike-1.0.json").write_text("{")
    with pytest.raises(SpecSourceError, match="damaged"):
        SpecLibrary.from_flat(tmp_path)
    with pytest.raises(SpecSourceError, match="not a version"):
        SpecLibrary({"strike": {"one": {"$id": "urn:x"}}})


@pytest.mark.parametrize("levels", [MAX_DEPTH, 5_000, 100_000])
def test_a_hugely_nested_document_is_a_problem_not_a_crash(levels: int) -> None:
    document = {"output_data": [{"name": "o", "file": {"path": "p", "geo_metadata": {"geo_json": nested(levels)}}}]}

    (problem,) = LIBRARY.problems("results-manifest", document)

    assert "nested too deeply" in problem.detail


def test_geometries_may_be_nested_as_deep_as_documents_may() -> None:
    geometry: dict[str, Any] = {"type": "Point", "coordinates": [0, 0]}
    for _ in range((MAX_DEPTH - 8) // 2):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    document = {"output_data": [{"name": "o", "file": {"path": "p", "geo_metadata": {"geo_json": geometry}}}]}

    assert LIBRARY.problems("results-manifest", document) == []


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (math.nan, "not a JSON number"),
        (math.inf, "not a JSON number"),
        pytest.param(10**5000, "too large", id="huge"),
        ("a\0b", "U+0000"),
        ("\ud800", "surrogate"),
        (b"bytes", "Python bytes"),
    ],
)
def test_values_that_cannot_be_kept_are_refused_in_open_places_too(value: object, detail: str) -> None:
    (problem,) = LIBRARY.problems("results-manifest", {"info": {"deep": [1, value]}})

    assert problem.pointer == "/info/deep/1"
    assert detail in problem.detail


def test_keys_that_cannot_be_kept_are_refused() -> None:
    assert [problem.pointer for problem in LIBRARY.problems("results-manifest", {"info": {"a\0": 1}})] == ["/info"]
    assert [problem.pointer for problem in LIBRARY.problems("results-manifest", {"info": {3: 1}})] == ["/info"]


def test_problems_are_bounded() -> None:
    document = {"input_data": [{"name": "!", "file_id": 0}] * 5000}

    assert 1 < len(LIBRARY.problems("job-data", document)) <= 100


def test_integers_are_integers() -> None:
    (problem,) = LIBRARY.problems("recipe-data", {"workspace_id": 1.0})

    assert problem == Problem(
        "/workspace_id",
        "should be an integer, but is the number 1.0; expected: The id of the workspace that stores the files that the "
        "recipe's jobs produce. Needed if any job of the recipe produces files.",
    )


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2015-05-15T10:34:12Z", True),
        ("2015-05-15T10:34:12.123456+02:00", True),
        ("20150515T103412Z", True),
        ("2015-05-15T10:34Z", True),
        ("2015-05-15 10:34:12Z", False),
        ("2015-05-15T10:34:12", False),
        ("2015-02-30T10:34:12Z", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("", False),
        ("T", False),
    ],
)
def test_times_are_iso_8601_with_a_zone(text: str, valid: bool) -> None:
    problems = LIBRARY.problems("results-manifest", {"parse_results": [{"filename": "a", "data_started": text}]})

    assert (problems == []) is valid


@pytest.mark.parametrize("expression", ["[[a]", "(?i)a", r"\d+", "a{1,65535}"])
def test_an_odd_but_working_expression_is_accepted(expression: str) -> None:
    rule = {"filename_regex": expression, "workspace_path": "a", "workspace_name": "w"}
    document = {"mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": [rule]}

    assert LIBRARY.problems("strike", document) == []


@pytest.mark.parametrize("expression", ["(", "[a", "a{99999999999999999999}", "(" * 2000, "(?P<1>a)"])
def test_an_expression_that_does_not_compile_is_refused(expression: str) -> None:
    rule = {"filename_regex": expression, "workspace_path": "a", "workspace_name": "w"}
    document = {"mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": [rule]}

    assert [problem.pointer for problem in LIBRARY.problems("strike", document)] == [
        "/files_to_ingest/0/filename_regex"
    ]
