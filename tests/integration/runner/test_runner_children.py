"""Nothing that a command starts outlives it."""

import os
from pathlib import Path

import pytest

from fakes.runner_bench import Bench, failed, gone
from fakes.waiting import until

pytestmark = pytest.mark.any_database

AWAIT_BEGUN = "while test ! -e begun; do sleep 0.05; done"
DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.environ.clear()
print(os.getpid(), flush=True)
open("begun", "w")
time.sleep(60)
"""
FLEEING = """
import os, time
until = time.monotonic() + 120
while time.monotonic() < until:
    if os.fork(): os._exit(0)
    os.setsid()
open("survived", "w")
"""


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_timeout_ends_it_and_its_children(bench: Bench, trap: str) -> None:
    def told() -> list[str]:
        report = bench.run(f"{trap}echo $$; sleep 60 & echo $!; while :; do sleep 0.05; done", timeout=0.3)
        assert "0.3 seconds" in failed(report, "timeout", "job")
        return bench.lines()

    pids = until(told, lambda lines: len(lines) == 2)  # a busy machine may not begin in time
    assert all(gone(int(pid)) for pid in pids)
    assert "timeout" in (bench.folder / "stderr").read_text()


@pytest.mark.parametrize(
    "script",
    [
        "(trap '' TERM HUP; sleep 60) & echo $!; sleep 61 & echo $!; exit 0",
        f"setsid sh -c 'echo $$; sleep 60 & echo $!; touch begun; wait' & {AWAIT_BEGUN}",
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
    report = bench.run(f"python3 {bench.workspace.parent}/daemon.py; {AWAIT_BEGUN}")
    failed(report, "left-running", "job")
    (pid,) = bench.lines()
    assert gone(int(pid))


def test_many_children_of_children_are_ended(bench: Bench) -> None:
    each = "setsid sh -c 'setsid sleep 60 & echo $!; touch begun; sleep 60'"
    script = f"for i in $(seq 40); do {each} & done; {AWAIT_BEGUN}; sleep 0.3"
    failed(bench.run_plan(bench.plan(bench.script(script), mem=200.0)), "left-running", "job")
    pids = bench.lines()
    assert pids
    assert all(gone(int(pid)) for pid in pids)


def test_a_process_that_flees_from_one_to_the_next_is_caught(bench: Bench) -> None:
    (bench.workspace.parent / "flee.py").write_text(FLEEING)
    report = bench.run(f"python3 {bench.workspace.parent}/flee.py & sleep 0.3; echo $!")
    failed(report, "left-running", "job")
    (pid,) = bench.lines()
    assert gone(int(pid))
    fleeing = os.fsencode(bench.workspace.parent / "flee.py")
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if fleeing in text_of(path)]


def text_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
