"""What a command leaves in its output folder is stored as products: by its manifest, or by ``ARTIFACT:`` lines."""

from pathlib import Path

import pytest

from fakes.runner_bench import GEO_JSON, LOG_LIMIT, Bench, failed, manifest, output, source
from scale_broker_host.broker import HostBroker

pytestmark = pytest.mark.any_database


def test_a_manifest_makes_products(bench: Bench) -> None:
    document = {
        "version": "1.2",
        "output_data": [
            {
                "name": "one",
                "file": {
                    "path": "sub/one.txt",
                    "data_types": ["night", "image"],
                    "geo_metadata": {
                        "data_started": "2015-05-15T10:34:12+02:00",
                        "data_ended": "2015-05-15T10:36:12Z",
                        "geo_json": GEO_JSON,
                    },
                },
            },
            {"name": "many", "files": [{"path": "a.csv"}, {"path": "sub/a.csv"}]},
        ],
    }
    report = bench.run(
        "mkdir $1/sub; echo 1 > $1/sub/one.txt; echo a > $1/a.csv; echo b > $1/sub/a.csv\n" + manifest(document),
        outputs=[output("many", "files"), output("one", media_type="text/x-special")],
    )
    assert report.status == "COMPLETED"
    assert report.failure is None
    many, one = report.outputs
    folder = "test-job/1.0/2026/11/23/job_exe_1"
    assert [file.path for file in many.files] == [f"{folder}/a.csv", f"{folder}/a_2.csv"]
    assert [file.media_type for file in many.files] == ["text/csv", "text/csv"]
    (file,) = one.files
    assert (file.file_name, file.workspace, file.media_type, file.size) == ("one.txt", "products", "text/x-special", 2)
    assert file.checksum == HostBroker(bench.workspace).checksum(file.path)
    assert (file.data_started, file.data_ended) == ("2015-05-15T08:34:12.000Z", "2015-05-15T10:36:12.000Z")
    assert file.geo_json == GEO_JSON
    assert file.data_types == ("night", "image")
    assert bench.stored() == [f"{folder}/a.csv", f"{folder}/a_2.csv", f"{folder}/one.txt"]
    assert report.results_manifest is not None
    assert bench.node.listener.steps(1)[-1] == "post"


def test_an_absolute_path_in_the_output_folder_is_fine(bench: Bench) -> None:
    report = bench.run(
        'echo x > $1/x.txt; printf \'{"output_data":[{"name":"x","file":{"path":"%s/x.txt"}}]}\' $1 '
        "> $1/results_manifest.json",
        outputs=[output("x")],
    )
    assert report.status == "COMPLETED"


def test_a_manifest_of_version_1_0_is_upgraded(bench: Bench) -> None:
    document = {"version": "1.0", "files": [{"name": "x", "path": "x.txt"}, {"name": "y", "paths": ["y.txt"]}]}
    report = bench.run("touch $1/x.txt $1/y.txt\n" + manifest(document), outputs=[output("x"), output("y", "files")])
    assert [each.name for each in report.outputs] == ["x", "y"]
    assert report.results_manifest is not None
    assert report.results_manifest["version"] == "1.2"


def test_artifact_lines_make_products(bench: Bench) -> None:
    report = bench.run(
        "touch $1/x.txt $1/a $1/b\n"
        "echo text; echo ARTIFACT:x:$1/x.txt; echo ' ARTIFACT:x:no'; echo ARTIFACT:y:a; echo ARTIFACT:y:b; echo text",
        outputs=[output("x"), output("y", "files"), output("z", required=False)],
    )
    assert report.status == "COMPLETED"
    assert report.results_manifest is None
    assert {each.name: [file.file_name for file in each.files] for each in report.outputs} == {
        "x": ["x.txt"],
        "y": ["a", "b"],
    }


def test_the_manifest_stands_over_artifact_lines(bench: Bench) -> None:
    document = {"output_data": [{"name": "x", "file": {"path": "manifest.txt"}}]}
    report = bench.run(
        "touch $1/manifest.txt; echo ARTIFACT:x:no-such; echo ARTIFACT:y:manifest.txt\n" + manifest(document),
        outputs=[output("x"), output("y", required=False)],
    )
    assert {each.name: [file.file_name for file in each.files] for each in report.outputs} == {
        "x": ["manifest.txt"],
        "y": ["manifest_2.txt"],
    }


def test_no_manifest_is_fine_where_nothing_is_required(bench: Bench) -> None:
    assert bench.run("exit 0").status == "COMPLETED"


def test_no_manifest_is_fine_where_outputs_are_optional(bench: Bench) -> None:
    assert bench.run("exit 0", outputs=[output("x", required=False)]).status == "COMPLETED"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../stdout", "sub/../../stdout", "link", "folder-link/passwd", "../inputs/image/x.png"]
)
def test_a_path_out_of_the_output_folder_is_refused(bench: Bench, path: str) -> None:
    report = bench.run(
        "mkdir $1/sub; ln -s /etc/passwd $1/link; ln -s /etc $1/folder-link\n"
        + manifest({"output_data": [{"name": "x", "file": {"path": path}}]}),
        outputs=[output("x")],
        inputs=[{"name": "image", "type": "file", "files": [source(bench, "in/x.png")]}],
    )
    assert "outside of the output folder" in failed(report, "invalid-output")
    assert bench.stored() == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("none", "missing-output"),
        ("sub", "invalid-output"),
        ("pipe", "invalid-output"),
        ("circle", "invalid-output"),
        ("x" * 300, "invalid-output"),
        ("dangling", "missing-output"),
    ],
)
def test_an_output_must_be_a_regular_file_that_exists(bench: Bench, path: str, kind: str) -> None:
    report = bench.run(
        "mkdir $1/sub; mkfifo $1/pipe; ln -s circle $1/circle; ln -s nowhere $1/dangling\n"
        + manifest({"output_data": [{"name": "x", "file": {"path": path}}]}),
        outputs=[output("x")],
    )
    failed(report, kind)


def test_a_required_output_without_a_file_is_missing(bench: Bench) -> None:
    report = bench.run(
        manifest({"output_data": [{"name": "many", "files": []}]}), outputs=[output("many", "files"), output("x")]
    )
    assert "'many', 'x'" in failed(report, "missing-output")


def test_one_file_for_two_outputs_is_stored_twice(bench: Bench) -> None:
    document = {"output_data": [{"name": each, "file": {"path": "x.txt"}} for each in ("x", "y")]}
    report = bench.run("echo x > $1/x.txt\n" + manifest(document), outputs=[output("x"), output("y")])
    assert report.status == "COMPLETED"
    assert [Path(path).name for path in bench.stored()] == ["x.txt", "x_2.txt"]


def test_an_output_linked_to_an_input_is_stored_apart_from_it(bench: Bench) -> None:
    inputs = [{"name": "image", "type": "file", "files": [source(bench, "in/x.png")]}]
    report = bench.run(
        "ln $1 $2/y.png\necho ARTIFACT:x:y.png", "${image} ${job_output_dir}", outputs=[output("x")], inputs=inputs
    )
    assert report.status == "COMPLETED"
    stored = bench.workspace / report.outputs[0].files[0].path
    assert stored.stat().st_ino != (bench.workspace / "in/x.png").stat().st_ino
    assert (bench.workspace / "in/x.png").read_text() == "content of in/x.png"


def test_a_storage_that_fails_keeps_nothing_of_the_outputs(bench: Bench) -> None:
    (bench.workspace / "test-job/1.0/2026/11/23/job_exe_1/b.txt").mkdir(parents=True)
    report = bench.run(
        "touch $1/a.txt $1/b.txt; echo ARTIFACT:x:a.txt; echo ARTIFACT:y:b.txt", outputs=[output("x"), output("y")]
    )
    message = failed(report, "output-storage")
    assert "'b.txt'" in message
    assert "'products'" in message
    assert bench.stored() == []


def test_a_long_stdout_is_read_in_whole_and_shortened(bench: Bench) -> None:
    report = bench.run(
        "touch $1/x; echo begin; head -c 3500000 /dev/zero; echo; echo ARTIFACT:x:x; head -c 90000 /dev/zero; echo end",
        outputs=[output("x")],
    )
    assert report.status == "COMPLETED"
    log = (bench.folder / "stdout").read_bytes()
    assert len(log) < LOG_LIMIT + 1000
    assert log.startswith(b"begin\n")
    assert log.endswith(b"end\n")
    assert b"bytes left out" in log
