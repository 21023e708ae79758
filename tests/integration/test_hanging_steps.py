"""Steps of jobs in a workspace that hangs: they fail in time, and their room on the node is others'."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.hanging_mount import HangingMount
from fakes.waiting import SECONDS, until
from scale_core.interfaces.engine import AgentSettings, ExecutionFinished, Resources
from scale_core.runner.client import AgentClient, start_agent
from scale_core.testing.runs import RecordingListener, make_plan

pytestmark = pytest.mark.any_database

PATIENCE = "2"
"""Seconds in which a process that asks has to be answered: on a busy machine it takes a while to begin."""

OUTPUT = {"name": "one", "type": "file", "required": True, "media_type": None, "workspace": "hanging"}


class Node:
    """A node with room for one execution, which gives up a workspace soon."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        self.listener = RecordingListener()
        self.scripts = folder
        self._workspace = workspace
        capacity = Resources(1.0, 1000.0, 1000.0)
        settings = AgentSettings(folder / "node", capacity, kill_grace=0.5, storage={"nfs": {"timeout": PATIENCE}})
        self.agent: AgentClient = start_agent(settings, self.listener.notify)

    def launch(self, execution_id: int, script: str, **files: Any) -> None:
        """Run a script, with the output folder as $1, that takes all room there is."""
        path = self.scripts / f"{execution_id}.sh"
        path.write_text(script)
        broker = {"type": "host", "host_path": str(self._workspace)}
        workspaces = {"hanging": {"version": "1.0", "broker": broker}}
        command, arguments = f"/bin/sh {path}", "${job_output_dir}"
        plan = make_plan(command, arguments, execution_id=execution_id, cpus=1.0, workspaces=workspaces, **files)
        self.agent.launch([plan])

    def end(self, execution_id: int) -> ExecutionFinished:
        end = self.listener.wait_for_end(execution_id, SECONDS)
        assert isinstance(end, ExecutionFinished), end
        return end

    def failed(self, execution_id: int) -> tuple[str, str]:
        """Kind and message of a failure."""
        failure = self.end(execution_id).report.failure
        assert failure is not None
        return failure.kind, failure.message

    def run_another(self) -> None:
        """Run something that needs the room of what hung, and no workspace."""
        self.launch(99, "exit 0")
        assert self.end(99).report.status == "COMPLETED"


@pytest.fixture
def node(tmp_path: Path, hanging_mount: HangingMount) -> Iterator[Node]:
    node = Node(tmp_path, hanging_mount.place)
    yield node
    node.agent.stop(5.0)


def source(mount: HangingMount) -> dict[str, Any]:
    """An input that is one file of the workspace."""
    (mount.storage / "a.txt").write_text("a")
    about = {"workspace": "hanging", "path": "a.txt", "file_name": "a.txt", "media_type": "text/plain"}
    return {"name": "in", "type": "file", "files": [{"id": 1, "size": 1, "checksum": None, "is_source": True, **about}]}


def hangs(path: Path) -> bool:
    """Whether a file cannot be looked at: the kernel knows for a second what it is."""
    try:
        subprocess.run(["/usr/bin/stat", path], timeout=3, check=True, stdout=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_outputs_that_cannot_be_stored_for_it_hangs_fail_and_leave_the_room_to_others(
    node: Node, hanging_mount: HangingMount
) -> None:
    with hanging_mount.hanging():
        node.launch(1, "echo x > $1/x; echo ARTIFACT:one:$1/x", outputs=[OUTPUT])
        kind, message = node.failed(1)
        assert kind == "output-storage"
        assert f"in {hanging_mount.place}, which does not answer" in message
        node.run_another()
    node.launch(2, "echo x > $1/x; echo ARTIFACT:one:$1/x", outputs=[OUTPUT])
    assert node.end(2).report.status == "COMPLETED"


def test_inputs_that_cannot_be_fetched_for_it_hangs_fail_and_leave_the_room_to_others(
    node: Node, hanging_mount: HangingMount
) -> None:
    inputs = [source(hanging_mount)]
    with hanging_mount.hanging():
        node.launch(1, "exit 0", inputs=inputs)
        assert node.failed(1)[0] == "input"
        node.run_another()
    node.launch(2, "exit 0", inputs=inputs)
    assert node.end(2).report.status == "COMPLETED"


def test_what_cannot_be_looked_at_after_the_command_for_it_hangs_fails(node: Node, hanging_mount: HangingMount) -> None:
    goes_on = node.scripts / "goes-on"
    wait = f"while [ ! -e {goes_on} ]; do sleep 0.05; done"
    node.launch(1, wait, inputs=[source(hanging_mount)])
    node.listener.wait_for_step(1, "job", SECONDS)
    with hanging_mount.hanging():
        node.launch(2, "exit 0")
        until(lambda: hangs(hanging_mount.place / "a.txt"))
        goes_on.touch()
        assert node.failed(1)[0] == "input"
        assert node.end(2).report.status == "COMPLETED"
