"""Scale's executor as a process on an agent that speaks the documented executor API, whatever happens to either."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.engine import no_agent
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.processes import EXECUTOR, Processes, ProcessExecutor
from fakes.processes import await_none, commands_of
from fakes.waiting import SECONDS, until
from scale_core.interfaces.engine import EngineSettings, ExecutionFinished, ExecutionLost, ExecutionPlan, Launch
from scale_core.testing.runs import RecordingListener, make_plan
from scale_engine_mesos.engine import MesosEngine


class Node:
    """An engine on a cluster of one agent."""

    def __init__(self, folder: Path, cluster: FakeCluster, **options: str) -> None:
        self.folder, self.cluster = folder, cluster
        assert cluster.processes is not None
        self.processes: Processes = cluster.processes
        self.listener = RecordingListener()
        given = {"master": cluster.masters, "executor": EXECUTOR, "kill_grace": "0.5", "docker": "off"}
        self.engine = MesosEngine(EngineSettings(folder / "data", given | options))
        self.engine.start(self.listener, no_agent)

    @property
    def agent(self) -> Any:
        return self.cluster.agents[0]

    @property
    def executor(self) -> ProcessExecutor:
        return self.processes.made[-1]

    def launch(self, *plans: ExecutionPlan) -> None:
        """In one pass, as soon as there is an offer."""
        until(lambda: bool(self.engine.offers()))
        self.engine.launch([Launch(plan, self.agent.agent_id) for plan in plans])

    def script(self, text: str, execution_id: int = 1, **more: Any) -> ExecutionPlan:
        """A plan that runs a shell script, whose output folder is its first argument."""
        path = self.folder / f"script-{execution_id}.sh"
        path.write_text(text)
        return make_plan("/bin/sh", f"{path} ${{job_output_dir}}", execution_id=execution_id, **more)

    def held(self) -> ExecutionPlan:
        """A plan that ends once it is let go."""
        return self.script(f"while test ! -e {self.folder / 'may-end'}; do sleep 0.1; done\n")

    def let_go(self) -> None:
        """Let what is held end."""
        (self.folder / "may-end").touch()

    def finished(self, execution_id: int = 1) -> ExecutionFinished:
        """Its end, which has to be a report."""
        end = self.listener.wait_for_end(execution_id, SECONDS)
        assert isinstance(end, ExecutionFinished), end
        return end

    def place(self, execution_id: int = 1) -> Path:
        """Its folder on the agent."""
        return self.executor.sandbox / "executions" / str(execution_id)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    with FakeCluster(tmp_path / "agents") as cluster:
        yield cluster


@pytest.fixture
def make_node(tmp_path: Path, cluster: FakeCluster) -> Iterator[Callable[..., Node]]:
    made = []

    def make(**options: str) -> Node:
        made.append(Node(tmp_path, cluster, **options))
        return made[-1]

    yield make
    for node in made:
        node.engine.stop(5.0)


@pytest.fixture
def node(make_node: Callable[..., Node]) -> Node:
    return make_node()


def test_ten_tasks_run_beside_each_other_in_one_executor(node: Node) -> None:
    node.launch(*(make_plan("/bin/sleep", "1", execution_id=number) for number in range(1, 11)))
    for number in range(1, 11):
        assert node.finished(number).report.status == "COMPLETED"
    assert len(node.processes.made) == 1


def test_what_an_executor_ran_ends_with_it_and_is_lost(node: Node) -> None:
    node.launch(make_plan("/bin/sleep", "60"))
    node.listener.wait_for_step(1, "job", SECONDS)
    place = node.place()
    assert commands_of(place)
    node.executor.crash(signal.SIGKILL)
    end = node.listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionLost)
    assert "Executor terminated" in end.message
    assert await_none(commands_of, place) == {}
    node.launch(make_plan("/bin/true", execution_id=2))
    assert node.finished(2).report.status == "COMPLETED"
    assert len(node.processes.made) == 2


def test_tasks_go_on_while_their_agent_is_restarted(node: Node) -> None:
    node.launch(node.held())
    node.listener.wait_for_step(1, "job", SECONDS)
    process = node.executor.process
    assert process is not None
    node.processes.restart(node.agent, lambda: time.sleep(0.5))
    until(lambda: len(node.executor.subscriptions) == 2)
    node.let_go()
    assert node.finished().report.status == "COMPLETED"
    assert process.poll() is None
    assert len(node.executor.subscriptions) == 2


def test_an_end_while_the_agent_is_away_is_told_when_it_is_back(node: Node) -> None:
    node.launch(node.held())
    node.listener.wait_for_step(1, "job", SECONDS)
    place = node.place()

    def ends() -> None:
        node.let_go()
        until(lambda: not place.exists())  # of one that has written nothing, when its end is to be told
        time.sleep(0.2)

    node.processes.restart(node.agent, ends)
    assert node.finished().report.status == "COMPLETED"
    (again,) = node.executor.subscriptions[1:]
    assert [one["status"]["state"] for one in again["unacknowledged_updates"]] == ["TASK_FINISHED"]


def test_an_update_is_told_again_until_the_agent_has_it_and_counts_once(node: Node) -> None:
    node.launch(node.held())
    node.listener.wait_for_step(1, "job", SECONDS)
    node.executor.lost_acknowledgements = 1
    node.let_go()
    node.finished()
    node.processes.restart(node.agent)
    until(lambda: len(node.executor.subscriptions) == 2)
    told = node.executor.subscriptions[1]["unacknowledged_updates"]
    assert [one["status"]["state"] for one in told] == ["TASK_FINISHED"]

    def is_acknowledged() -> bool:
        before = len(node.executor.subscriptions)
        node.processes.restart(node.agent)
        until(lambda: len(node.executor.subscriptions) > before)
        return bool(node.executor.subscriptions[-1]["unacknowledged_updates"] == [])

    until(is_acknowledged)  # it may be on its way while the agent is restarted
    assert len(node.listener.ends(1)) == 1


def test_without_checkpointing_an_executor_ends_with_its_agent(make_node: Callable[..., Node]) -> None:
    node = make_node(checkpoint="off")
    node.launch(make_plan("/bin/sleep", "60"))
    node.listener.wait_for_step(1, "job", SECONDS)
    process, place = node.executor.process, node.place()
    assert process is not None
    node.processes.restart(node.agent)
    assert process.wait(SECONDS) == 1
    assert isinstance(node.listener.wait_for_end(1, SECONDS), ExecutionLost)
    assert await_none(commands_of, place) == {}


def test_an_executor_that_never_registers_loses_its_tasks(make_node: Callable[..., Node]) -> None:
    node = make_node(executor="/bin/sleep 60")
    node.processes.register_seconds = 0.3
    node.launch(make_plan("/bin/true"))
    assert isinstance(node.listener.wait_for_end(1, SECONDS), ExecutionLost)


def test_a_kill_gives_the_command_its_time_and_then_ends_all_that_it_started(node: Node) -> None:
    node.launch(node.script("trap '' TERM\nsleep 60 &\nsleep 60 &\nwait\nwait\nwhile :; do sleep 60; done\n"))
    node.listener.wait_for_step(1, "job", SECONDS)
    place = node.place()
    until(lambda: len(commands_of(place)) == 3)
    began = time.monotonic()
    node.engine.kill(1)
    assert node.finished().report.status == "CANCELED"
    assert time.monotonic() - began >= 0.5
    assert await_none(commands_of, place) == {}


def test_a_command_that_ends_when_it_is_asked_is_not_killed(make_node: Callable[..., Node]) -> None:
    node = make_node(kill_grace=str(SECONDS))
    node.launch(node.script("trap 'echo asked; exit 0' TERM\necho begun\nwhile :; do sleep 0.1; done\n"))
    until(lambda: node.engine.logs(1, "stdout", 0, 100).data == b"begun\n")
    node.engine.kill(1)
    assert node.finished().report.status == "CANCELED"
    assert node.engine.logs(1, "stdout", 0, 100).data == b"begun\nasked\n"


def test_a_report_larger_than_an_update_may_be_comes_whole(node: Node) -> None:
    products = node.folder / "products"
    products.mkdir()
    broker = {"name": "products", "broker": {"type": "host", "host_path": str(products)}}
    names = [f"{'long-name-' * 8}{number}.txt" for number in range(1200)]
    (node.folder / "names").write_text("".join(f"{name}\n" for name in names))
    manifest = {"version": "1.0", "files": [{"name": "result", "paths": names}]}
    (node.folder / "manifest").write_text(json.dumps(manifest))
    plan = node.script(
        f'cd "$1"; xargs touch <{node.folder}/names; cp {node.folder}/manifest results_manifest.json\n',
        outputs=[{"name": "result", "type": "files", "required": True, "workspace": "products"}],
        workspaces={"products": broker},
    )
    node.launch(plan)
    report = node.finished().report
    assert report.status == "COMPLETED", report
    updates = [call["update"]["status"] for call in node.executor.calls if call["type"] == "UPDATE"]
    pieces = [one for one in updates if len(one.get("data", "")) > 1000]
    assert len(pieces) > 1
    assert pieces[-1]["state"] == "TASK_FINISHED"
    assert len(list(products.rglob("*.txt"))) == len(names)


def test_the_agents_token_reaches_no_command(node: Node) -> None:
    node.launch(node.script("env\n"))
    assert node.finished().report.status == "COMPLETED"
    shown = node.engine.logs(1, "stdout", 0, 1 << 16).data.decode()
    assert "SCALE_JOB_ID" in shown
    assert "MESOS_" not in shown
    assert "SCALE_DATABASE" not in shown


def test_logs_are_read_while_they_are_written(node: Node) -> None:
    node.launch(node.script("echo one; while ! test -e $HOME/go; do sleep 0.05; done; echo two\n"))
    node.listener.wait_for_step(1, "job", SECONDS)
    until(lambda: node.engine.logs(1, "stdout", 0, 100).data == b"one\n")
    assert node.engine.logs(1, "stdout", 2, 100).data == b"e\n"
    assert node.engine.logs(1, "stderr", 0, 100).size == 0
    (node.place() / "go").touch()
    node.finished()
    assert node.engine.logs(1, "stdout", 4, 100).data == b"two\n"


@pytest.mark.parametrize("has_v1", [True, False])
def test_logs_are_kept_as_they_were_written_and_the_agent_need_not_keep_them(node: Node, *, has_v1: bool) -> None:
    node.processes.serve(node.agent).has_v1 = has_v1
    written = bytes(range(256)) * 1000
    (node.folder / "bytes").write_bytes(written)
    node.launch(node.script(f"cat {node.folder}/bytes; echo trouble >&2\n"))
    node.finished()
    node.engine.recorded([1])
    until(lambda: not node.place().exists())
    node.executor.crash()
    assert node.engine.logs(1, "stdout", 0, 1 << 20).data == written
    assert node.engine.logs(1, "stdout", 70_000, 10).data == written[70_000:70_010]
    assert node.engine.logs(1, "stderr", 0, 100).data == b"trouble\n"
    node.engine.forget([1])
    assert node.engine.logs(1, "stdout", 0, 100).size == 0


def test_an_end_is_acknowledged_when_its_logs_are_kept(node: Node) -> None:
    node.launch(node.script("echo hello\n"))
    node.finished()
    assert [call["type"] for call in node.cluster.leader.calls].count("ACKNOWLEDGE") == 0
    node.engine.recorded([1])
    until(lambda: node.agent.tasks == {})
    assert (node.folder / "data" / "executions" / "1" / "stdout").read_bytes() == b"hello\n"


def test_another_process_reads_the_logs_of_a_running_execution(tmp_path: Path, node: Node) -> None:
    settings = EngineSettings(tmp_path / "elsewhere", {"master": node.cluster.masters}, node.engine._memory)
    node.launch(node.script("echo hello; sleep 60\n"))
    node.listener.wait_for_step(1, "job", SECONDS)
    web = MesosEngine(settings)
    until(lambda: web.logs(1, "stdout", 0, 100).data == b"hello\n")
    node.engine.kill(1)
    node.finished()


def test_the_executor_ends_with_all_that_it_runs_when_it_is_asked_to(node: Node) -> None:
    node.launch(make_plan("/bin/sleep", "60"))
    node.listener.wait_for_step(1, "job", SECONDS)
    process, place = node.executor.process, node.place()
    assert process is not None
    node.executor.shutdown()
    assert process.wait(SECONDS) == 0
    assert await_none(commands_of, place) == {}


CALL = {"type": "UPDATE", "framework_id": {"value": "f"}, "executor_id": {"value": "e"}}
STATUS = {
    "task_id": {"value": "t"},
    "state": "TASK_RUNNING",
    "source": "SOURCE_EXECUTOR",
    "uuid": "NBK0ktsyQMm+nd6+8F2I/A==",
}


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"uuid": None}, 400, "Missing required fields: update.status.uuid"),
        ({"uuid": "bm8="}, 400, "Not a valid UUID"),
        ({"source": "SOURCE_MASTER"}, 400, "expecting 'SOURCE_EXECUTOR'"),
        ({"state": "TASK_STAGING"}, 400, "not allowed"),
        ({}, 400, "Framework cannot be found"),
    ],
)
def test_the_agent_of_the_tests_refuses_what_a_real_one_refuses(
    node: Node, changes: dict[str, Any], status: int, says: str
) -> None:
    address = f"http://127.0.0.1:{node.processes.serve(node.agent).port}/api/v1/executor"
    answer = httpx.post(address, json=CALL | {"update": {"status": STATUS | changes}}, timeout=SECONDS)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_the_agent_of_the_tests_asks_executors_who_they_are(node: Node) -> None:
    node.launch(make_plan("/bin/sleep", "60"))
    node.listener.wait_for_step(1, "job", SECONDS)
    one = node.executor
    call = CALL | {"framework_id": {"value": one.framework_id}, "executor_id": {"value": one.executor_id}}
    call |= {"update": {"status": STATUS}}
    address = f"http://127.0.0.1:{one.server.port}/api/v1/executor"
    assert httpx.post(address, json=call, timeout=SECONDS).status_code == 401
    assert one.process is not None
    one.process.send_signal(signal.SIGSTOP)  # so that it does not come back before we look
    one.lose_link()
    answer = httpx.post(address, json=call, headers={"Authorization": f"Bearer {one.token}"}, timeout=SECONDS)
    one.process.send_signal(signal.SIGCONT)
    assert (answer.status_code, answer.text) == (403, "Executor is not subscribed")


def test_an_executor_that_has_nothing_to_do_ends_and_is_started_again_when_there_is(
    make_node: Callable[..., Node],
) -> None:
    node = make_node(executor_idle="0.3")
    node.launch(make_plan("/bin/sleep", "1"))
    assert node.finished().report.status == "COMPLETED"
    process = node.executor.process
    assert process is not None
    assert process.wait(SECONDS) == 0
    node.launch(make_plan("/bin/true", execution_id=2))
    assert node.finished(2).report.status == "COMPLETED"
    assert len(node.processes.made) == 2


def test_a_kill_gives_the_time_that_its_policy_says(node: Node) -> None:
    done = node.folder / "done"
    node.launch(node.script(f"trap 'sleep 1; touch {done}; exit 0' TERM; sleep 600 & echo begun; wait"))
    until(lambda: node.engine.logs(1, "stdout", 0, 100).data == b"begun\n")
    node.executor.kill_policy = {"kill_policy": {"grace_period": {"nanoseconds": int(SECONDS * 1e9)}}}
    node.engine.kill(1)
    assert node.finished().report.status == "CANCELED"
    assert done.exists()


def test_a_group_of_tasks_is_answered_that_it_cannot_be_run(node: Node) -> None:
    node.launch(make_plan("/bin/true"))
    node.finished()
    node.executor.launch_group([{"task_id": {"value": name}} for name in ("one", "two")])

    def answers() -> list[tuple[str, str]]:
        told = [call["update"]["status"] for call in list(node.executor.calls) if call["type"] == "UPDATE"]
        return [(one["task_id"]["value"], one["message"]) for one in told if one["task_id"]["value"] in ("one", "two")]

    until(lambda: len(answers()) == 2)
    assert all("runs tasks one by one" in message for _name, message in answers())
