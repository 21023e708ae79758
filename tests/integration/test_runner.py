"""The runner with real processes and a real workspace, in a node agent's worker."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fakes.machine import missing
from scale_broker_host.broker import HostBroker
from scale_core.interfaces.engine import (
    AgentSettings,
    EngineEvent,
    ExecutionFinished,
    ExecutionPlan,
    ExecutionReport,
)
from scale_core.runner.client import AgentClient, start_agent
from scale_core.specs import SpecLibrary
from scale_core.testing.runs import RecordingListener, make_plan

GEO_JSON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


PATIENCE = 60.0
LOG_LIMIT = 1 << 20


class Node:
    """A node agent, and who listens to it now."""

    def __init__(self, folder: Path, *, limits: bool = True) -> None:
        self.folder = folder
        self.listener = RecordingListener()
        settings = AgentSettings(folder, log_limit=LOG_LIMIT, kill_grace=0.5, limits=limits)
        self.agent: AgentClient = start_agent(settings, self.tell)

    def tell(self, events: Sequence[EngineEvent]) -> None:
        self.listener.notify(events)

    def workers(self) -> list[int]:
        pid = self.agent.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def cpu_seconds(self) -> float:
        """What agent and workers have used, without their children."""
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self.processes()) / 1e9

    def processes(self) -> list[int]:
        return [self.agent.pid, *self.workers()]


@dataclass
class Bench:
    """A workspace and a node, on which everything is execution 1."""

    node: Node
    folder: Path
    workspace: Path
    specs: SpecLibrary

    def script(self, text: str) -> str:
        """A command that runs a shell script with the output folder as $1."""
        path = self.workspace.parent / "script.sh"
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
        self.launch(plan)
        return self.report()

    def launch(self, plan: ExecutionPlan) -> None:
        assert self.specs.problems("execution-plan", plan.to_document()) == []
        self.node.listener = RecordingListener()
        self.node.agent.launch([plan])

    def report(self) -> ExecutionReport:
        end = self.node.listener.wait_for_end(1, PATIENCE)
        assert isinstance(end, ExecutionFinished), end
        document = end.report.to_document()
        assert self.specs.problems("execution-report", document) == []
        if self.folder.is_dir():
            assert {path.name for path in self.folder.iterdir()} <= {"stdout", "stderr", "report.json"}
            assert json.loads((self.folder / "report.json").read_text()) == document
        return end.report

    def lines(self) -> list[str]:
        return (self.folder / "stdout").read_text().splitlines()

    def stored(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.workspace))
            for path in self.workspace.rglob("*")
            if path.is_file() and not str(path.relative_to(self.workspace)).startswith("in/")
        )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", "secret")
        node = Node(tmp_path_factory.mktemp("node"))
    yield node
    node.agent.stop(5.0)


@pytest.fixture(scope="module")
def packaged_specs() -> SpecLibrary:
    return SpecLibrary.packaged()


@pytest.fixture
def bench(node: Node, packaged_specs: SpecLibrary, tmp_path: Path) -> Bench:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Bench(node, node.folder / "1", workspace, packaged_specs)


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
    assert bench.node.listener.steps(1)[0] == "pre"
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


def test_the_algorithm_sees_a_clean_environment(bench: Bench) -> None:
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
    assert report.environment is not None
    assert report.environment.variables == lines


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
    report = bench.run(f"{trap}echo $$; sleep 60 & echo $!; while :; do sleep 0.05; done", timeout=0.3)
    assert "0.3 seconds" in failed(report, "timeout", "job")
    assert all(gone(int(pid)) for pid in bench.lines())
    assert len(bench.lines()) == 2
    assert "timeout" in (bench.folder / "stderr").read_text()


DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.environ.clear()
print(os.getpid(), flush=True)
time.sleep(60)
"""

FLEEING = """
import os, time
until = time.monotonic() + 20
while time.monotonic() < until:
    if os.fork(): os._exit(0)
    os.setsid()
open("survived", "w")
"""


@pytest.mark.parametrize(
    "script",
    [
        "(trap '' TERM HUP; sleep 60) & echo $!; sleep 61 & echo $!; exit 0",
        "setsid sh -c 'echo $$; sleep 60 & echo $!; wait' & sleep 0.3",
        "env -i setsid sleep 60 & echo $!; sleep 0.1; echo $$",
    ],
)
def test_children_left_behind_are_ended_and_the_job_fails(bench: Bench, script: str) -> None:
    assert "wait for what it starts" in failed(bench.run(script), "left-running", "job")
    assert len(bench.lines()) == 2
    assert all(gone(int(pid)) for pid in bench.lines())


@pytest.mark.parametrize("script", ["sleep 0.3 & exit 0", "echo whole | (sleep 0.2; cat > late) & exit 0"])
def test_what_outlives_the_command_by_a_moment_harms_nothing(bench: Bench, script: str) -> None:
    assert bench.run(script).status == "COMPLETED"


def test_a_command_that_fails_and_leaves_children_has_its_own_error(bench: Bench) -> None:
    report = bench.run("sleep 60 & echo $!; exit 3")
    failed(report, "exit-code", "job")
    assert gone(int(bench.lines()[0]))


def test_a_daemon_is_ended(bench: Bench) -> None:
    (bench.workspace.parent / "daemon.py").write_text(DAEMON)
    report = bench.run(f"python3 {bench.workspace.parent}/daemon.py; sleep 0.5")
    failed(report, "left-running", "job")
    (pid,) = bench.lines()
    assert gone(int(pid))


def test_many_children_of_children_are_ended(bench: Bench) -> None:
    script = "for i in $(seq 40); do setsid sh -c 'setsid sleep 60 & echo $!; sleep 60' & done; sleep 0.5"
    failed(bench.run_plan(bench.plan(bench.script(script), mem=200.0)), "left-running", "job")
    pids = bench.lines()
    assert pids
    assert all(gone(int(pid)) for pid in pids)


def test_a_process_that_flees_from_one_to_the_next_is_caught(bench: Bench) -> None:
    (bench.workspace.parent / "flee.py").write_text(FLEEING)
    began = time.monotonic()
    report = bench.run(f"python3 {bench.workspace.parent}/flee.py & sleep 0.3; echo $!")
    failed(report, "left-running", "job")
    (pid,) = bench.lines()
    assert gone(int(pid))
    assert time.monotonic() - began < PATIENCE
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"flee.py" in text_of(path)]


def text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_cancel_ends_it(bench: Bench) -> None:
    bench.launch(bench.plan(bench.script("echo $$; sleep 60")))
    bench.node.listener.wait_for_step(1, "job", PATIENCE)
    bench.node.agent.kill(1)
    report = bench.report()
    assert report.status == "CANCELED"
    assert report.failure is not None
    assert (report.failure.kind, report.failure.signal) == ("canceled", signal.SIGTERM)
    assert gone(int(bench.lines()[0]))


def test_a_cancel_before_it_begins_starts_no_process(bench: Bench) -> None:
    bench.run("exit 0")
    workers = bench.node.workers()
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    bench.launch(bench.plan("/bin/echo", "ran"))
    passed_on(bench.node)
    bench.node.agent.kill(1)
    passed_on(bench.node)
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    end = bench.node.listener.wait_for_end(1, PATIENCE)
    assert isinstance(end, ExecutionFinished)
    assert end.report.status == "CANCELED"
    assert end.report.steps.job is None
    assert "ran" not in (bench.folder / "stdout").read_text()


def passed_on(node: Node) -> None:
    """Return when the agent has passed on what it was told."""
    node.agent.reconcile([4711])
    node.listener.wait_for_end(4711, PATIENCE)
    node.listener.events.clear()


def test_waiting_uses_no_processor(bench: Bench) -> None:
    bench.run("exit 0")
    before = bench.node.cpu_seconds()
    bench.run("sleep 1")
    assert bench.node.cpu_seconds() - before < 0.2


def test_the_report_says_what_the_command_ran_in(bench: Bench) -> None:
    report = bench.run("true")
    assert report.environment is not None
    system = os.uname()
    assert report.environment.hostname == system.nodename
    assert report.environment.platform == f"{system.sysname}-{system.release}-{system.machine}"
    assert report.environment.python == ".".join(map(str, sys.version_info[:3]))


def test_use_of_cpu_and_memory_is_measured(bench: Bench) -> None:
    code = "x = bytearray(64 << 20); [sum(range(1000)) for _ in range(9000)]; __import__('time').sleep(0.3)"
    report = bench.run_plan(bench.plan(sys.executable, f'-c "{code}"', mem=200.0))
    assert report.status == "COMPLETED"
    assert report.usage is not None
    assert report.usage.cpu_seconds > 0.02
    assert 64 < report.usage.memory_mib < 200


HUNGRY = "x = bytearray(300 << 20); import time; time.sleep(20)"
HUNGRY_CHILD = f"import subprocess; subprocess.run(['{sys.executable}', '-c', '{HUNGRY}'], check=True); print('fed')"


@pytest.fixture(scope="module")
def watched_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One whose workers find no cgroups."""
    with pytest.MonkeyPatch.context() as patch:
        module = tmp_path_factory.mktemp("module")
        (module / "sitecustomize.py").write_text(
            "from scale_core.runner import cgroup\ncgroup._own_group = lambda: None\n"
        )
        patch.setenv("PYTHONPATH", f"{module}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        node = Node(tmp_path_factory.mktemp("watched"))
    yield node
    node.agent.stop(5.0)


@pytest.fixture(params=["cgroup", "watched"])
def bound(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The bench on nodes with and without cgroups."""
    if request.param == "watched":
        node: Node = request.getfixturevalue("watched_node")
        return Bench(node, node.folder / "1", bench.workspace, bench.specs)
    return bench


@pytest.mark.parametrize("code", [HUNGRY, HUNGRY_CHILD])
def test_a_command_that_takes_more_memory_than_required_is_ended(bound: Bench, code: str) -> None:
    (bound.workspace.parent / "hungry.py").write_text(code)
    command = f"{sys.executable} {bound.workspace.parent}/hungry.py"
    report = bound.run_plan(bound.plan(command, mem=64.0))
    assert "64 MiB" in failed(report, "memory", "job")
    assert "fed" not in (bound.folder / "stdout").read_text()
    assert bound.run_plan(bound.plan("/bin/true", mem=16.0)).status == "COMPLETED"


def test_a_command_may_use_what_it_requires_and_what_requires_none_is_not_bounded(bound: Bench) -> None:
    (bound.workspace.parent / "hungry.py").write_text("x = bytearray(100 << 20); import time; time.sleep(0.3)")
    command = f"{sys.executable} {bound.workspace.parent}/hungry.py"
    for required in (150.0, 0.0, 150.0):
        report = bound.run_plan(bound.plan(command, mem=required))
        assert report.status == "COMPLETED"
        assert report.usage is not None
        assert 100 < report.usage.memory_mib < 150


@pytest.mark.parametrize(
    "script",
    [
        "head -c 300000000 /dev/zero > $1/big; sleep 20",
        "for i in $(seq 30); do head -c 1000000 /dev/zero > file$i; done; sleep 20",
        "for i in $(seq 30); do head -c 1000000 /dev/zero > $1/file$i; done",
        "trap '' XFSZ; head -c 300000000 /dev/zero > $1/big || exit 3",
    ],
)
def test_a_command_that_writes_more_than_required_is_ended(bench: Bench, script: str) -> None:
    report = bench.run_plan(bench.plan(bench.script(script), "${job_output_dir}", disk_out=5.0))
    assert "5 MiB" in failed(report, "disk", "job")
    assert report.usage is not None
    assert 5 < report.usage.disk_mib < 40


def test_the_space_in_use_is_measured_without_linked_inputs(bench: Bench) -> None:
    file = source(bench, "in/x.png")
    (bench.workspace / "in/x.png").write_bytes(b"x" * (10 << 20))
    report = bench.run(
        "head -c 3145728 /dev/zero > $1/a; ln $1/a $1/b; ln $2 $1/c 2>/dev/null || true",
        "${job_output_dir} ${image}",
        inputs=[{"name": "image", "type": "file", "files": [file]}],
    )
    assert report.status == "COMPLETED"
    assert report.usage is not None
    assert 3 <= report.usage.disk_mib < 4


def test_nothing_required_is_no_limit(bench: Bench) -> None:
    script = bench.script("head -c 30000000 /dev/zero > $1/a")
    assert bench.run_plan(bench.plan(script, "${job_output_dir}", disk_out=0.0)).status == "COMPLETED"


@pytest.mark.parametrize("stream", ["1", "2"])
@pytest.mark.parametrize("rest", ["sleep 20", "exit 0"])
def test_a_command_that_floods_its_log_is_ended(bench: Bench, stream: str, rest: str) -> None:
    report = bench.run(f"head -c 30000000 /dev/zero >&{stream}; {rest}")
    assert "stdout or stderr" in failed(report, "log", "job")
    assert all((bench.folder / name).stat().st_size < LOG_LIMIT + 1000 for name in ("stdout", "stderr"))


def test_an_endless_log_does_not_fill_the_disk(bench: Bench) -> None:
    report = bench.run_plan(bench.plan("/usr/bin/yes", disk_out=0.0))
    failed(report, "log", "job")
    assert (bench.folder / "stdout").stat().st_size < LOG_LIMIT + 1000


def test_limits_can_be_off(bench: Bench, tmp_path: Path) -> None:
    node = Node(tmp_path / "free", limits=False)
    free = Bench(node, node.folder / "1", bench.workspace, bench.specs)
    script = free.script("head -c 30000000 /dev/zero > $1/a")
    report = free.run_plan(free.plan(script, "${job_output_dir}", mem=0.1, disk_out=1.0))
    node.agent.stop(5.0)
    assert report.status == "COMPLETED"
    assert report.usage is not None
    assert report.usage.disk_mib > 28


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "scale-test", place],
        capture_output=True,
        check=False,
    )
    if mount.returncode:
        missing(f"nothing can be mounted here: {mount.stderr.decode()}")
    yield place
    subprocess.run(["/bin/umount", "-l", place], check=True)


def fill_up(folder: Path, size: int) -> None:
    """Write files of that size until no more can be."""
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):  # noqa: PT012 - whichever is the first
        for number in range(40):
            (folder / str(number)).write_bytes(b"x" * size)


@pytest.mark.parametrize("fill", ["bytes", "names"])
def test_a_full_disk_is_a_failure_of_ours_and_the_agent_lives_on(bench: Bench, full_disk: Path, fill: str) -> None:
    node = Node(full_disk / "executions")
    small = Bench(node, node.folder / "1", bench.workspace, bench.specs)
    small.run("exit 0")
    junk = full_disk / "junk"
    junk.mkdir()
    fill_up(junk, 2 << 20 if fill == "bytes" else 0)
    node.listener = RecordingListener()
    node.agent.launch([small.plan("/bin/echo", "hello", execution_id=2)])
    end = node.listener.wait_for_end(2, PATIENCE)
    assert isinstance(end, ExecutionFinished)
    if fill == "names":
        assert end.report.failure is not None
        assert end.report.failure.kind == "engine"
        assert os.strerror(errno.ENOSPC) in end.report.failure.message
    for path in junk.iterdir():
        path.unlink()
    assert small.run("exit 0").status == "COMPLETED"
    node.agent.stop(5.0)


@pytest.mark.parametrize("command", ["no-such-command", "/no/such/command", "/etc/passwd", "/etc", "./no"])
def test_a_command_that_cannot_start_is_named(bench: Bench, command: str) -> None:
    message = failed(bench.run_plan(bench.plan(command)), "launch", "job")
    assert repr(command) in message


def test_an_open_quotation_in_the_command_is_told(bench: Bench) -> None:
    assert "quotation" in failed(bench.run_plan(bench.plan("/bin/echo 'x")), "launch", "pre").lower()


def test_an_image_cannot_run_here(bench: Bench) -> None:
    report = bench.run_plan(bench.plan("/bin/true", docker={"image": "some/image:1"}))
    assert "some/image:1" in failed(report, "launch", "pre")


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


def test_a_folder_that_cannot_be_used_is_a_failure_of_ours(bench: Bench, node: Node) -> None:
    (node.folder / "1").rename(node.folder / "old")
    (node.folder / "1").write_text("in the way")
    report = bench.run("exit 0")
    (node.folder / "1").unlink()
    assert report.failure is not None
    assert report.failure.kind == "engine"
    assert str(node.folder / "1") in report.failure.message


def test_steps_are_timed_in_order(bench: Bench) -> None:
    report = bench.run("sleep 0.05")
    steps = [report.steps.pre, report.steps.job, report.steps.post]
    times = [moment for step in steps if step is not None for moment in (step.started, step.ended)]
    assert len(times) == 6
    assert times == sorted(str(moment) for moment in times)
    assert all(str(moment).endswith("Z") for moment in times)
