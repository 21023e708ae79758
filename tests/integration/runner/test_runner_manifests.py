"""What is wrong with a manifest is told; what it says of source files reaches them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.runner_bench import GEO_JSON, Bench, failed, manifest, output, source

pytestmark = pytest.mark.any_database


def test_no_manifest_where_an_output_is_required(bench: Bench) -> None:
    report = bench.run("touch $1/x; echo ARTIFACT:x:x", outputs=[output("x"), output("y")])
    assert "'y'" in failed(report, "missing-manifest")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1"),
        ("", "line 1"),
        ("[]", "object"),
        ('{"version": "7.0"}', "7.0"),
        ('{"output_data": [{"name": "x"}]}', "/output_data/0"),
        ('{"output_data": [{"name": "x", "file": {"path": "x"}, "files": []}]}', "/output_data/0"),
        ('{"output_data": NaN}', "NaN"),
        ('{"output_data": [], "output_data": []}', "twice"),
        ("[" * 100_000, "nested"),
    ],
)
def test_an_invalid_manifest_is_told_where(bench: Bench, content: str, said: str) -> None:
    (bench.workspace.parent / "content").write_text(content)
    report = bench.run(f"cp {bench.workspace.parent}/content $1/results_manifest.json", outputs=[output("x")])
    assert said in failed(report, "invalid-manifest")


def test_a_huge_manifest_is_not_read(bench: Bench) -> None:
    script = bench.script("head -c 100000000 /dev/zero > $1/results_manifest.json")
    report = bench.run_plan(bench.plan(script, "${job_output_dir}", disk_out=200.0))
    assert "too large" in failed(report, "invalid-manifest")


def test_a_manifest_that_is_a_link_elsewhere_is_refused(bench: Bench) -> None:
    assert "outside" in failed(bench.run("ln -s /etc/passwd $1/results_manifest.json"), "invalid-output")


def test_a_manifest_that_is_a_pipe_holds_nobody_up(bench: Bench) -> None:
    assert "regular" in failed(bench.run("mkfifo $1/results_manifest.json"), "invalid-output")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"output_data": [{"name": "z", "file": {"path": "x"}}]}, "its outputs: 'x', 'many'"),
        ({"output_data": [{"name": "x", "files": [{"path": "x"}]}]}, "give 'file'"),
        ({"output_data": [{"name": "many", "file": {"path": "x"}}]}, "give 'files'"),
        ({"output_data": [{"name": "x", "file": {"path": "x"}}] * 2}, "twice"),
        (
            {
                "output_data": [
                    {
                        "name": "x",
                        "file": {
                            "path": "x",
                            "geo_metadata": {
                                "geo_json": {
                                    "type": "Polygon",
                                    "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
                                }
                            },
                        },
                    }
                ]
            },
            "geo_json",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_told_what_would(bench: Bench, document: Mapping[str, Any], said: str) -> None:
    report = bench.run(
        "touch $1/x\n" + manifest(document), outputs=[output("x"), output("many", "files", required=False)]
    )
    assert said in failed(report, "invalid-manifest")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("ARTIFACT:z:x", "'z'"),
        ("ARTIFACT:x:x\nARTIFACT:x:y", "2 files"),
        ("ARTIFACT:x:\\377", "UTF-8"),
    ],
)
def test_an_artifact_line_that_does_not_fit_is_told(bench: Bench, lines: str, said: str) -> None:
    report = bench.run(f"touch $1/x $1/y; printf '{lines}\\n'", outputs=[output("x")])
    assert said in failed(report, "invalid-manifest")


def test_parse_results_find_their_source_files(bench: Bench) -> None:
    feature = {"type": "Feature", "geometry": GEO_JSON, "properties": {"sensor": "s"}}
    document = {
        "version": "1.1",
        "parse_results": [
            {
                "filename": "x.png",
                "new_workspace_path": "parsed/here",
                "data_types": ["H5", "VEG"],
                "geo_metadata": {"data_started": "2015-05-15T10:34:12Z", "geo_json": GEO_JSON},
            },
            {"filename": "2_y.png", "gis_data_path": "gis.json", "data_ended": "2015-05-15T10:36:12Z"},
        ],
    }
    inputs = [
        {"name": "image", "type": "file", "files": [source(bench, "in/x.png", id_=11)]},
        {
            "name": "pics",
            "type": "files",
            "files": [source(bench, "in/1/y.png", id_=12), source(bench, "in/2/y.png", id_=13)],
        },
    ]
    report = bench.run(f"echo '{json.dumps(feature)}' > $1/gis.json\n" + manifest(document), inputs=inputs)
    assert report.status == "COMPLETED"
    first, second = report.parse_results
    assert (first.file_id, first.new_workspace_path, first.data_types) == (11, "parsed/here", ("H5", "VEG"))
    assert first.data_started == "2015-05-15T10:34:12.000Z"
    assert first.geo_json == GEO_JSON
    assert (second.file_id, second.data_ended, second.geo_json) == (13, "2015-05-15T10:36:12.000Z", feature)


@pytest.mark.parametrize(
    ("result", "kind", "said"),
    [
        ({"filename": "z.png"}, "invalid-manifest", "input files: 'x.png', 'product.png', 'twice.png'"),
        ({"filename": "product.png"}, "invalid-manifest", "product"),
        ({"filename": "twice.png"}, "invalid-manifest", "several"),
        ({"filename": "x.png", "gis_data_path": "/etc/passwd"}, "invalid-output", "outside"),
        ({"filename": "x.png", "gis_data_path": "none.json"}, "missing-output", "none.json"),
        ({"filename": "x.png", "gis_data_path": "bad.json"}, "invalid-manifest", "bad.json"),
        ({"filename": "x.png", "gis_data_path": "list.json"}, "invalid-manifest", "object"),
    ],
)
def test_a_parse_result_that_fits_no_source_file_is_told(
    bench: Bench, result: Mapping[str, Any], kind: str, said: str
) -> None:
    files = [
        source(bench, "in/x.png"),
        source(bench, "in/product.png", id_=2, is_source=False),
        source(bench, "in/1/twice.png", id_=3),
        source(bench, "in/2/twice.png", id_=4),
    ]
    inputs = [{"name": f"input{index}", "type": "file", "files": [file]} for index, file in enumerate(files)]
    report = bench.run(
        "echo '{' > $1/bad.json; echo '[]' > $1/list.json\n" + manifest({"parse_results": [result]}), inputs=inputs
    )
    assert said in failed(report, kind)
    assert report.parse_results == ()
