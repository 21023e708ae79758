"""The runner with real processes and a real workspace."""

import json
import os
import resource
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scale_broker_host.broker import HostBroker
from scale_core.interfaces.engine import ExecutionPlan, ExecutionReport
from scale_core.runner import Runner
from scale_core.specs import SpecLibrary
from scale_core.testing.runs import TestControl, make_plan

GEO_JSON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


@dataclass
class Bench:
    """A workspace, a folder, and a runner on them."""

    folder: Path
    workspace: Path
    specs: SpecLibrary
    runner: Runner
    control: TestControl

    def script(self, text: str) -> str:
        """A command that runs a shell script with the output folder as $1."""
        path = self.folder.parent / "script.sh"
        path.write_text(text)
        return f"/bin/sh {path}"

    def run(
        self,
        text: str,
        arguments: str = "${job_output_dir}",
        *,
        outputs: Sequence[Mapping[str, Any]] = (),
        inputs: Sequence[Mapping[str, Any]] = (),
        timeout: float | None = 20,
    ) -> ExecutionReport:
        return self.run_plan(self.plan(self.script(text), arguments, outputs=outputs, inputs=inputs, timeout=timeout))

    def plan(self, command: str, arguments: str = "", **more: Any) -> ExecutionPlan:
        return make_plan(
            command,
            arguments,
            workspaces={"products": {"version": "1.0", "broker": {"type": "host", "host_path": str(self.workspace)}}},
            **more,
        )

    def run_plan(self, plan: ExecutionPlan) -> ExecutionReport:
        assert self.specs.problems("execution-plan", plan.to_document()) == []
        report = self.runner(plan, self.folder, self.control)
        assert self.specs.problems("execution-report", report.to_document()) == []
        return report

    def stored(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.workspace))
            for path in self.workspace.rglob("*")
            if path.is_file() and not str(path.relative_to(self.workspace)).startswith("in/")
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder, workspace = tmp_path / "job_exe_1", tmp_path / "workspace"
    folder.mkdir()
    workspace.mkdir()
    specs = SpecLibrary.packaged()
    runner = Runner(
        {"host": HostBroker}, specs, lambda: datetime.now(UTC), os.defpath, log_limit=1 << 20, kill_grace=0.5
    )
    return Bench(folder, workspace, specs, runner, TestControl())


def output(name: str, type_: str = "file", *, required: bool = True, media_type: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": type_, "required": required, "media_type": media_type, "workspace": "products"}


def source(bench: Bench, path: str, *, id_: int = 1, is_source: bool = True) -> dict[str, Any]:
    """A file in the workspace, as plans name it."""
    (bench.workspace / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.workspace / path).write_text(f"content of {path}")
    return {
        "id": id_,
        "workspace": "products",
        "path": path,
        "file_name": Path(path).name,
        "media_type": "text/plain",
        "size": 1,
        "checksum": None,
        "is_source": is_source,
    }


def manifest(document: Mapping[str, Any]) -> str:
    """A script that writes it."""
    return f"cat > $1/results_manifest.json <<'END'\n{json.dumps(document)}\nEND\n"


def failed(report: ExecutionReport, kind: str, step: str = "post") -> str:
    """Check how it failed; returns the message."""
    assert report.status == "FAILED"
    assert report.failure is not None
    assert (report.failure.kind, report.failure.step) == (kind, step)
    assert report.outputs == ()
    return report.failure.message


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_manifest_makes_products(bench: Bench) -> None:
    document = {
        "version": "1.1",
        "output_data": [
            {
                "name": "one",
                "file": {
                    "path": "sub/one.txt",
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
    assert bench.stored() == [f"{folder}/a.csv", f"{folder}/a_2.csv", f"{folder}/one.txt"]
    assert report.results_manifest is not None
    assert bench.control.steps == ["pre", "job", "post"]


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
    assert report.results_manifest["version"] == "1.1"


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


def test_inputs_are_laid_out_and_passed(bench: Bench) -> None:
    inputs: list[dict[str, Any]] = [
        {"name": "image", "type": "file", "files": [source(bench, "in/x y.png")]},
        {
            "name": "pics",
            "type": "files",
            "files": [source(bench, "in/1/p.png", id_=2), source(bench, "in/2/p.png", id_=3)],
        },
        {"name": "level", "type": "property", "value": "a $HOME `b` 'c'"},
    ]
    report = bench.run(
        'cat "$1"; for f in "$2"/*; do echo; basename "$f"; cat "$f"; done; echo; echo "$3"; echo $#',
        "${image} ${pics} ${level} ${none} ${-x:none}",
        inputs=inputs,
    )
    assert report.status == "COMPLETED"
    assert (bench.folder / "stdout").read_text().split("\n") == [
        "content of in/x y.png",
        "2_p.png",
        "content of in/2/p.png",
        "p.png",
        "content of in/1/p.png",
        "a $HOME `b` 'c'",
        "3",
        "",
    ]
    assert report.command_arguments is not None
    assert "'a $HOME `b` '\"'\"'c'\"'\"''" in report.command_arguments


def test_the_algorithm_sees_a_clean_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "secret")
    report = bench.run_plan(bench.plan("/usr/bin/env"))
    assert report.status == "COMPLETED"
    lines = dict(line.split("=", 1) for line in (bench.folder / "stdout").read_text().splitlines())
    assert lines == {
        "PATH": os.defpath,
        "HOME": str(bench.folder),
        "TMPDIR": str(bench.folder),
        "LANG": "C.UTF-8",
        "SCALE_JOB_ID": "1001",
        "SCALE_EXECUTION_ID": "1",
    }


def test_it_runs_in_its_folder_with_empty_input_and_no_open_files(bench: Bench) -> None:
    bench.run("pwd; cat; ls /proc/self/fd | wc -l", "")
    # stdin, stdout, stderr, and the folder that ls itself has open
    assert (bench.folder / "stdout").read_text().split() == [str(bench.folder), "4"]


def test_an_exit_code_is_told_with_the_last_words(bench: Bench) -> None:
    report = bench.run("echo first >&2; echo the disk is on fire >&2; exit 3")
    message = failed(report, "exit-code", "job")
    assert "exit code 3" in message
    assert "the disk is on fire" in message
    assert report.failure is not None
    assert report.failure.exit_code == 3
    assert report.steps.job is not None
    assert report.steps.job.exit_code == 3
    assert report.steps.post is None


def test_a_signal_is_told_by_name(bench: Bench) -> None:
    report = bench.run("kill -SEGV $$")
    assert "SIGSEGV" in failed(report, "signal", "job")
    assert report.failure is not None
    assert report.failure.signal == signal.SIGSEGV
    assert report.failure.exit_code is None


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_timeout_ends_it_and_its_children(bench: Bench, trap: str) -> None:
    began = time.monotonic()
    report = bench.run(f"{trap}sleep 60 & echo $!; while :; do sleep 0.05; done", timeout=0.3)
    assert time.monotonic() - began < 5
    assert "0.3 seconds" in failed(report, "timeout", "job")
    assert gone(int((bench.folder / "stdout").read_text()))
    assert gone(bench.control.processes[0])
    assert "timeout" in (bench.folder / "stderr").read_text()


def test_children_left_behind_are_ended_at_once(bench: Bench) -> None:
    began = time.monotonic()
    report = bench.run("(trap '' TERM HUP; sleep 60) & echo $!; sleep 61 & echo $!; exit 0")
    assert report.status == "COMPLETED"
    assert time.monotonic() - began < 5
    assert all(gone(int(pid)) for pid in (bench.folder / "stdout").read_text().split())


def test_a_cancel_ends_it_soon(bench: Bench) -> None:
    def cancel() -> None:
        bench.control.running.wait(10)
        time.sleep(0.1)
        bench.control.switch.set()

    threading.Thread(target=cancel).start()
    began = time.monotonic()
    report = bench.run("sleep 60", timeout=None)
    assert time.monotonic() - began < 5
    assert report.status == "CANCELED"
    assert report.failure is not None
    assert report.failure.kind == "canceled"


def test_a_cancel_before_it_begins_starts_no_process(bench: Bench) -> None:
    bench.control.switch.set()
    report = bench.run("touch $1/ran")
    assert report.status == "CANCELED"
    assert report.steps.job is None
    assert bench.control.processes == []


def test_waiting_uses_no_processor(bench: Bench) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    bench.run("sleep 1")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.2


def test_use_of_cpu_and_memory_is_measured(bench: Bench) -> None:
    code = "x = bytearray(64 << 20); [sum(range(1000)) for _ in range(9000)]; __import__('time').sleep(0.3)"
    report = bench.run_plan(bench.plan("/usr/bin/python3", f'-c "{code}"'))
    if report.status != "COMPLETED":
        pytest.skip("there is no /usr/bin/python3")
    assert report.usage is not None
    assert report.usage.cpu_seconds > 0.02
    assert report.usage.max_rss_mib > 64


@pytest.mark.parametrize("command", ["no-such-command", "/no/such/command", "/etc/passwd", "/etc", "./no"])
def test_a_command_that_cannot_start_is_named(bench: Bench, command: str) -> None:
    message = failed(bench.run_plan(bench.plan(command)), "launch", "job")
    assert repr(command) in message


def test_an_open_quotation_in_the_command_is_told(bench: Bench) -> None:
    assert "quotation" in failed(bench.run_plan(bench.plan("/bin/echo 'x")), "launch", "pre").lower()


def test_an_image_cannot_run_here(bench: Bench) -> None:
    report = bench.run_plan(bench.plan("/bin/true", docker={"image": "some/image:1"}))
    assert "some/image:1" in failed(report, "launch", "job")


def test_arguments_too_long_for_the_system_are_told(bench: Bench) -> None:
    inputs = [{"name": "x", "type": "property", "value": "x" * 300_000}]
    failed(bench.run_plan(bench.plan("/bin/echo", "${x}", inputs=inputs)), "launch", "job")


def test_an_input_that_is_gone_is_told(bench: Bench) -> None:
    file = source(bench, "in/x.png")
    (bench.workspace / "in/x.png").unlink()
    report = bench.run("exit 0", "${image}", inputs=[{"name": "image", "type": "file", "files": [file]}])
    message = failed(report, "input", "pre")
    assert "in/x.png" in message
    assert "'image'" in message
    assert report.steps.job is None
    assert report.steps.pre is not None
    assert report.steps.pre.exit_code == 1


def test_a_broker_that_is_not_installed_is_told(bench: Bench) -> None:
    inputs = [{"name": "image", "type": "file", "files": [source(bench, "in/x.png")]}]
    plan = make_plan(
        "/bin/true", inputs=inputs, workspaces={"products": {"version": "1.0", "broker": {"type": "tape"}}}
    )
    assert "'tape'" in failed(bench.run_plan(plan), "input", "pre")


def test_a_workspace_that_the_plan_lacks_is_a_failure_of_ours(bench: Bench) -> None:
    inputs = [{"name": "image", "type": "file", "files": [source(bench, "in/x.png")]}]
    assert "'products'" in failed(bench.run_plan(make_plan("/bin/true", inputs=inputs)), "engine", "pre")


def test_no_manifest_is_fine_where_nothing_is_required(bench: Bench) -> None:
    assert bench.run("exit 0").status == "COMPLETED"


def test_no_manifest_is_fine_where_outputs_are_optional(bench: Bench) -> None:
    assert bench.run("exit 0", outputs=[output("x", required=False)]).status == "COMPLETED"


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
    (bench.folder.parent / "content").write_text(content)
    report = bench.run(f"cp {bench.folder.parent}/content $1/results_manifest.json", outputs=[output("x")])
    assert said in failed(report, "invalid-manifest")


def test_a_huge_manifest_is_not_read(bench: Bench) -> None:
    report = bench.run("head -c 100000000 /dev/zero > $1/results_manifest.json")
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


def test_a_huge_stdout_is_read_in_bounded_memory_and_shortened(bench: Bench) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = bench.run(
        "echo begin; head -c 150000000 /dev/zero; echo; touch $1/x; echo ARTIFACT:x:x; echo end", outputs=[output("x")]
    )
    assert report.status == "COMPLETED"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    log = (bench.folder / "stdout").read_bytes()
    assert len(log) < (1 << 20) + 1000
    assert log.startswith(b"begin\n")
    assert log.endswith(b"end\n")
    assert b"bytes left out" in log


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


def test_a_folder_that_cannot_be_used_is_a_failure_of_ours(bench: Bench) -> None:
    (bench.folder / "outputs").write_text("in the way")
    assert "outputs" in failed(bench.run("exit 0"), "engine", "pre")


def test_steps_are_timed_in_order(bench: Bench) -> None:
    report = bench.run("sleep 0.05")
    steps = [report.steps.pre, report.steps.job, report.steps.post]
    times = [moment for step in steps if step is not None for moment in (step.started, step.ended)]
    assert len(times) == 6
    assert times == sorted(str(moment) for moment in times)
    assert all(str(moment).endswith("Z") for moment in times)
