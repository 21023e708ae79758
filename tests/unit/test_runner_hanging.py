"""What the node agent knows of folders that executions work in."""

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest

from fakes.set_time import SetTime
from scale_broker_host.broker import HostBroker
from scale_core.runner.children import exit_code
from scale_core.runner.control import FolderInUse
from scale_core.runner.frames import FrameReader, Kind, frame
from scale_core.runner.hanging import LOOK_SECONDS, HangingFolders
from scale_core.runner.line import AgentLine
from scale_core.runner.workspaces import PlanWorkspaces
from scale_core.storage.answering import Answering
from scale_generated.specs.workspace import Workspace

PATIENCE = 2.0
A, B = FolderInUse("/a", "input"), FolderInUse("/b", "output-storage")


class Silent(Answering):
    """Folders of which a test says that they hang."""

    def __init__(self, *folders: str) -> None:
        super().__init__()
        self.folders = set(folders)
        self.asked: list[str] = []

    def hangs(self, folder: str) -> bool:
        self.asked.append(folder)
        return folder in self.folders


@pytest.fixture
def clock() -> SetTime:
    return SetTime()


@pytest.fixture
def answering() -> Silent:
    return Silent("/b")


@pytest.fixture
def folders(answering: Silent, clock: SetTime) -> HangingFolders:
    return HangingFolders({"nfs": {"timeout": PATIENCE}}, answering, clock)


def test_nothing_is_asked_before_an_execution_takes_long(
    folders: HangingFolders, answering: Silent, clock: SetTime
) -> None:
    assert folders.next_look() is None
    folders.works_in(1, [B])
    assert folders.next_look() == clock.now + PATIENCE
    assert folders.look(clock.now + PATIENCE - 0.1) == []
    assert answering.asked == []


def test_those_hang_that_have_worked_for_long_in_a_folder_that_does_not_answer(
    folders: HangingFolders, clock: SetTime
) -> None:
    folders.works_in(1, [A])
    folders.works_in(2, [A, B])
    clock.now += 1
    folders.works_in(3, [B])
    at = clock.now + PATIENCE - 1
    (found,) = folders.look(at)
    assert found.execution_id == 2
    assert found.failure.kind == "output-storage"
    assert found.failure.message.startswith("The execution was ended after 2 s in /b, which does not answer")
    assert folders.next_look() == at + LOOK_SECONDS
    folders.works_in(2, [])
    assert [one.execution_id for one in folders.look(at + 1)] == [3]


def test_one_that_goes_on_elsewhere_begins_anew(folders: HangingFolders, clock: SetTime) -> None:
    folders.works_in(1, [A])
    clock.now += PATIENCE
    folders.works_in(1, [B])
    assert folders.look(clock.now) == []
    folders.works_in(1, [])
    assert folders.look(clock.now + PATIENCE) == []
    assert folders.next_look() is None


@pytest.mark.parametrize("options", [{}, {"nfs": {"timeout": "x"}}])
def test_without_usable_options_patience_is_the_usual(options: dict[str, dict[str, object]], clock: SetTime) -> None:
    folders = HangingFolders(options, Silent(), clock)
    folders.works_in(1, [A])
    assert folders.next_look() == clock.now + 10.0


@pytest.fixture
def told() -> list[Sequence[FolderInUse]]:
    return []


@pytest.fixture
def workspaces(tmp_path: Path, told: list[Sequence[FolderInUse]]) -> PlanWorkspaces:
    """Those of a plan, ``a`` and ``b``."""
    documents = {
        name: Workspace.from_document({"version": "1.0", "broker": {"type": "host", "host_path": f"/{name}"}})
        for name in "ab"
    }
    return PlanWorkspaces(lambda: {"host": HostBroker}, documents, {}, told.append)


def test_a_worker_tells_the_folders_of_a_step_while_it_works_in_them(
    workspaces: PlanWorkspaces, told: list[Sequence[FolderInUse]]
) -> None:
    with workspaces.again():
        assert told == []
    for name in "aab":
        workspaces.broker(name, "input")
    workspaces.close()
    workspaces.close()
    assert told == [[("/a", "input")], [("/a", "input"), ("/b", "input")], []]
    told.clear()
    with workspaces.again():
        pass
    assert told == [[("/a", "input"), ("/b", "input")], []]
    told.clear()
    workspaces.broker("a", "output-storage")
    workspaces.close()
    assert told == [[("/a", "output-storage")], []]


def test_that_a_step_is_over_is_told_with_the_next_news() -> None:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        agent = AgentLine(ours, 5.0)
        theirs.sendall(frame(Kind.LAUNCH, 7))
        agent.next_launch()
        agent.works_in([A])
        agent.works_in([])
        theirs.setblocking(False)
        (told,) = FrameReader().feed(theirs.recv(1000))
        assert (told.kind, told.execution_id, orjson.loads(told.body)) == (Kind.WORKS_IN, 7, [["/a", "input"]])
        agent.tell_end(Kind.FINISHED, b"{}")
        over, end = FrameReader().feed(theirs.recv(1000))
        assert (over.kind, orjson.loads(over.body)) == (Kind.WORKS_IN, [])
        assert end.kind == Kind.FINISHED


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_process_that_does_not_end_is_waited_for_no_longer_than_is_said(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    assert exit_code(sleeper.pid, 0.01) is None
    os.kill(sleeper.pid, 9)
    assert exit_code(sleeper.pid, 60) == -9
