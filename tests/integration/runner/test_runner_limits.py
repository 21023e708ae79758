"""A command is held to the memory, disk and log that it may use, and what it uses is measured."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.machine import missing
from fakes.runner_bench import LOG_LIMIT, Bench, Node, failed, source
from fakes.waiting import SECONDS
from scale_core.interfaces.engine import ExecutionFinished
from scale_core.testing.runs import RecordingListener

pytestmark = pytest.mark.any_database

HUNGRY = "x = bytearray(300 << 20); import time; time.sleep(20)"
HUNGRY_CHILD = f"import subprocess; subprocess.run(['{sys.executable}', '-c', '{HUNGRY}'], check=True); print('fed')"


def test_use_of_cpu_and_memory_is_measured(bench: Bench) -> None:
    code = "x = bytearray(64 << 20); [sum(range(1000)) for _ in range(9000)]; __import__('time').sleep(1)"
    report = bench.run_plan(bench.plan(sys.executable, f'-c "{code}"', mem=200.0))
    assert report.status == "COMPLETED"
    assert report.usage is not None
    assert report.usage.cpu_seconds > 0.02
    assert 64 < report.usage.memory_mib < 200


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
    (bound.workspace.parent / "hungry.py").write_text("x = bytearray(100 << 20); import time; time.sleep(1)")
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
    end = node.listener.wait_for_end(2, SECONDS)
    assert isinstance(end, ExecutionFinished)
    if fill == "names":
        assert end.report.failure is not None
        assert end.report.failure.kind == "engine"
        assert os.strerror(errno.ENOSPC) in end.report.failure.message
    for path in junk.iterdir():
        path.unlink()
    assert small.run("exit 0").status == "COMPLETED"
    node.agent.stop(5.0)
