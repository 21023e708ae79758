"""What a command runs in, and how its end is told."""

import os
import signal
import sys

import pytest

from fakes.runner_bench import Bench, Node, failed, gone
from fakes.waiting import SECONDS, until
from scale_core.interfaces.engine import ExecutionFinished

pytestmark = pytest.mark.any_database


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


def test_a_cancel_ends_it(bench: Bench) -> None:
    bench.launch(bench.plan(bench.script("echo $$; sleep 60")))
    bench.node.listener.wait_for_step(1, "job", SECONDS)
    until(bench.lines)
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
    end = bench.node.listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionFinished)
    assert end.report.status == "CANCELED"
    assert end.report.steps.job is None
    assert "ran" not in (bench.folder / "stdout").read_text()


def passed_on(node: Node) -> None:
    """Return when the agent has passed on what it was told."""
    node.agent.reconcile([4711])
    node.listener.wait_for_end(4711, SECONDS)
    node.listener.events.clear()


def test_waiting_uses_no_processor(bench: Bench) -> None:
    bench.run("exit 0")
    began = bench.node.cpu_seconds()
    bench.run("exit 0")
    without = bench.node.cpu_seconds()
    bench.run("sleep 1")
    assert bench.node.cpu_seconds() - without < without - began + 0.2


def test_the_report_says_what_the_command_ran_in(bench: Bench) -> None:
    report = bench.run("true")
    assert report.environment is not None
    system = os.uname()
    assert report.environment.hostname == system.nodename
    assert report.environment.platform == f"{system.sysname}-{system.release}-{system.machine}"
    assert report.environment.python == ".".join(map(str, sys.version_info[:3]))


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
