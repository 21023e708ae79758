"""Inputs are laid out for a command, and are the same when it has ended."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fakes.runner_bench import Bench, failed, source
from scale_core.testing.runs import make_plan

pytestmark = pytest.mark.any_database


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


def image_input(bench: Bench) -> list[dict[str, Any]]:
    """An input ``image`` of the file ``in/x.png`` of the workspace."""
    return [{"name": "image", "type": "file", "files": [source(bench, "in/x.png")]}]


@pytest.mark.parametrize("script", ["echo more >> $1", ": > $1", "printf C | dd of=$1 conv=notrunc"])
@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["hard link", "symbolic link"])
def test_a_command_that_writes_to_a_linked_input_fails(bench: Bench, script: str, is_elsewhere: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if is_elsewhere:
            bench.workspace = Path(elsewhere)
        inputs = image_input(bench)
        script = bench.script(script)
        report = bench.run_plan(bench.plan(script, "${image}", inputs=inputs))
    assert "'image/x.png'" in failed(report, "input-changed", "job")


def test_a_command_that_replaces_or_removes_its_linked_inputs_does_no_harm(bench: Bench) -> None:
    for script in ("sed -i s/content/text/ $1", "rm $1", "cp $1 new; mv new $1; echo more >> $1", "ln $1 further"):
        report = bench.run_plan(bench.plan(bench.script(script), "${image}", inputs=image_input(bench)))
        assert report.status == "COMPLETED", script
        assert (bench.workspace / "in/x.png").read_text() == "content of in/x.png"
        shutil.rmtree(bench.folder, ignore_errors=True)


def test_a_command_that_fails_keeps_its_error_and_its_log_tells_of_the_input(bench: Bench) -> None:
    plan = bench.plan(bench.script("echo more >> $1; exit 3"), "${image}", inputs=image_input(bench))
    failed(bench.run_plan(plan), "exit-code", "job")
    assert "'image/x.png'" in (bench.folder / "stderr").read_text()


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
