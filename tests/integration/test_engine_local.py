"""The local engine with real processes."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from fakes.docker_engine import IMAGE, DockerEngine
from fakes.waiting import SECONDS, until, until_equal
from scale_core.interfaces.engine import (
    AgentSettings,
    AgentStarter,
    Engine,
    EngineEvent,
    EngineSettings,
    ExecutionFinished,
    ExecutionLost,
    Launch,
    NodeAgent,
    OptionError,
)
from scale_core.runner import client
from scale_core.runner.agent import LOCK_FILE
from scale_core.testing import EngineContract
from scale_core.testing.runs import RecordingListener, make_plan
from scale_engine_local.engine import LocalEngine
from scale_engine_local.machine import machine_resources
from scale_engine_local.options import Options

pytestmark = pytest.mark.any_database

"""Within which an execution begins and ends, on a machine that has much else to do."""


class TestLocalEngine(EngineContract):
    @pytest.fixture
    def make_engine(self) -> Callable[[EngineSettings], Engine]:
        return LocalEngine

    @pytest.fixture
    def settings(self, tmp_path: Path, request: pytest.FixtureRequest) -> EngineSettings:
        """Only tests that ask for containers need a Docker engine."""
        if "boxed" not in request.fixturenames:
            return EngineSettings(tmp_path / "data", {"docker": "off"})
        return EngineSettings(tmp_path / "data", docker_options(request.getfixturevalue("docker_engine")))

    @pytest.fixture
    def container_image(self) -> str:
        return IMAGE


def docker_options(docker_engine: DockerEngine) -> dict[str, str]:
    return {"docker": "on", "docker_host": f"unix://{docker_engine.socket}", "docker_pull": "never"}


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(tmp_path, {"cpus": "4", "mem": 1000, "disk": 100, "kill_grace": 0.3})


@pytest.fixture
def listener() -> RecordingListener:
    return RecordingListener()


@pytest.fixture
def agents() -> list[client.AgentClient]:
    """The agents that :func:`start_agent` started."""
    return []


@pytest.fixture
def start_agent(agents: list[client.AgentClient]) -> AgentStarter:
    def start(settings: AgentSettings, tell: Callable[[Sequence[EngineEvent]], None]) -> NodeAgent:
        agents.append(client.start_agent(settings, tell))
        return agents[-1]

    return start


@pytest.fixture
def engine(settings: EngineSettings, listener: RecordingListener, start_agent: AgentStarter) -> Iterator[LocalEngine]:
    engine = LocalEngine(settings)
    engine.start(listener, start_agent)
    yield engine
    engine.stop(3.0)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_options_replace_what_the_machine_has(engine: LocalEngine) -> None:
    total = engine.nodes()[0].total
    assert (total.cpus, total.mem, total.disk) == (4, 1000, 100)


@pytest.mark.parametrize("value", ["many", "0", -1, "nan", "inf", [1]])
def test_an_option_that_is_no_number_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(OptionError, match=r"'cpus'.*above 0"):
        LocalEngine(EngineSettings(tmp_path, {"cpus": value}))


@pytest.mark.parametrize("value", ["maybe", 3, None])
def test_limits_are_on_or_off(tmp_path: Path, value: object) -> None:
    with pytest.raises(OptionError, match=r"'limits'.*'on' or 'off'"):
        LocalEngine(EngineSettings(tmp_path, {"limits": value}))


def test_it_runs_containers_where_docker_answers_when_it_starts(
    tmp_path: Path, listener: RecordingListener, start_agent: AgentStarter, docker_engine: DockerEngine
) -> None:
    for docker, host, expected in (
        ("auto", docker_engine.socket, True),
        ("off", docker_engine.socket, False),
        ("auto", tmp_path / "nothing.sock", False),
    ):
        engine = LocalEngine(EngineSettings(tmp_path, {"docker": docker, "docker_host": f"unix://{host}"}))
        assert engine.runs_containers is False
        engine.start(listener, start_agent)
        assert engine.runs_containers is expected
        engine.stop(3.0)


def test_it_does_not_start_without_docker_where_docker_is_to_be(
    tmp_path: Path, listener: RecordingListener, start_agent: AgentStarter
) -> None:
    socket = tmp_path / "nothing.sock"
    engine = LocalEngine(EngineSettings(tmp_path, {"docker": "on", "docker_host": f"unix://{socket}"}))
    with pytest.raises(OptionError, match=f"'docker'.*'on', but there is no socket {socket}"):
        engine.start(listener, start_agent)


def test_where_no_containers_run_a_plan_with_an_image_fails_and_says_so(
    tmp_path: Path, listener: RecordingListener, start_agent: AgentStarter
) -> None:
    engine = LocalEngine(EngineSettings(tmp_path, {"docker": "off"}))
    engine.start(listener, start_agent)
    engine.launch([Launch(make_plan("/bin/true", docker={"image": "some/image:1"}), "local")])
    end = listener.wait_for_end(1, SECONDS)
    engine.stop(3.0)
    assert isinstance(end, ExecutionFinished)
    assert end.report.failure is not None
    assert end.report.failure.kind == "launch"
    assert "runs no containers" in end.report.failure.message


def test_the_machines_own_resources_are_found(tmp_path: Path) -> None:
    found = machine_resources(tmp_path, Options.of({}))
    assert found.cpus >= 1
    assert found.mem > 100
    assert found.disk > 1


def test_what_stays_of_a_run_are_its_logs_and_its_report(
    engine: LocalEngine, listener: RecordingListener, tmp_path: Path
) -> None:
    engine.launch(
        [Launch(make_plan("/bin/sh", "-c 'echo out; echo err >&2; touch ${job_output_dir}/x rest'"), "local")]
    )
    end = listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionFinished)
    folder = tmp_path / "executions" / "1"
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "stderr", "stdout"]
    assert json.loads((folder / "report.json").read_text()) == end.report.to_document()
    assert engine.logs(1, "stderr", 0, 10).data == b"err\n"


def test_what_is_forgotten_leaves_nothing_and_may_be_forgotten_again(
    engine: LocalEngine, listener: RecordingListener, tmp_path: Path
) -> None:
    for execution_id in (1, 2):
        engine.launch([Launch(make_plan("/bin/sh", "-c 'echo out'", execution_id=execution_id), "local")])
        listener.wait_for_end(execution_id, SECONDS)
    not_started = LocalEngine(EngineSettings(tmp_path))
    for _again in range(2):
        not_started.forget([1, 4711])
        assert engine.logs(1, "stdout", 0, 10).size == 0
    assert engine.logs(2, "stdout", 0, 10).data == b"out\n"


def test_logs_can_be_read_while_it_runs(engine: LocalEngine, listener: RecordingListener) -> None:
    engine.launch([Launch(make_plan("/bin/sh", "-c 'echo first; sleep 60'"), "local")])
    listener.wait_for_step(1, "job", SECONDS)
    until_equal(lambda: engine.logs(1, "stdout", 0, 100).data, b"first\n")
    engine.kill(1)


@pytest.mark.parametrize(
    ("stream", "offset", "limit"), [("../report.json", 0, 1), ("stdout", -1, 1), ("stdout", 0, -1)]
)
def test_logs_are_the_two_streams_and_no_other_file(engine: LocalEngine, stream: str, offset: int, limit: int) -> None:
    with pytest.raises(ValueError, match="log"):
        engine.logs(1, stream, offset, limit)


def test_a_folder_left_by_an_execution_of_the_same_id_is_emptied(
    engine: LocalEngine, listener: RecordingListener, tmp_path: Path
) -> None:
    old = tmp_path / "executions" / "1"
    (old / "outputs").mkdir(parents=True)
    (old / "stdout").write_text("old")
    engine.launch([Launch(make_plan("/bin/echo", "new ${job_output_dir}"), "local")])
    end = listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionFinished)
    assert end.report.status == "COMPLETED"
    assert engine.logs(1, "stdout", 0, 3).data == b"new"


def test_the_same_execution_launched_twice_runs_once(engine: LocalEngine, listener: RecordingListener) -> None:
    launch = Launch(make_plan("/bin/sleep", "0.3"), "local")
    engine.launch([launch, launch])
    listener.wait_for_end(1, SECONDS)
    engine.reconcile([4711])
    listener.wait_for_end(4711, SECONDS)
    assert len(listener.ends(1)) == 1


def test_a_report_that_was_not_taken_is_told_again_after_a_restart(
    settings: EngineSettings, listener: RecordingListener, start_agent: AgentStarter
) -> None:
    first = LocalEngine(settings)
    first.start(listener, start_agent)
    first.launch([Launch(make_plan("/bin/false", execution_id=5), "local")])
    told = listener.wait_for_end(5, SECONDS)
    first.stop(3.0)
    second_listener = RecordingListener()
    second = LocalEngine(settings)
    second.start(second_listener, start_agent)
    second.reconcile([5])
    assert second_listener.wait_for_end(5, SECONDS) == told
    second.stop(3.0)


def test_a_torn_report_counts_as_lost(engine: LocalEngine, listener: RecordingListener, tmp_path: Path) -> None:
    folder = tmp_path / "executions" / "5"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text('{"version": "1.0", "exec')
    engine.reconcile([5])
    assert isinstance(listener.wait_for_end(5, SECONDS), ExecutionLost)


def test_processes_of_a_previous_life_are_ended_and_no_others(
    engine: LocalEngine, listener: RecordingListener, tmp_path: Path
) -> None:
    folder = tmp_path / "executions" / "5"
    folder.mkdir(parents=True)
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    left = subprocess.Popen(
        ["/bin/sh", "-c", "setsid sleep 61 & env -i sleep 62 & echo ready; wait"],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    other = subprocess.Popen(["/bin/sleep", "63"], env={"HOME": str(folder) + "0"}, start_new_session=True)
    assert left.stdout is not None
    left.stdout.readline()
    children = [int(pid) for pid in Path(f"/proc/{left.pid}/task/{left.pid}/children").read_text().split()]
    assert len(children) == 2
    until(lambda: all(Path(f"/proc/{pid}/comm").read_text() == "sleep\n" for pid in children))
    engine.reconcile([5])
    assert left.wait(SECONDS) == -signal.SIGKILL
    until(lambda: not any(running(pid) for pid in children))
    assert other.poll() is None
    other.kill()
    other.wait()
    left.stdout.close()
    assert isinstance(listener.wait_for_end(5, SECONDS), ExecutionLost)


def test_a_stop_tells_what_it_ended_as_lost_so_that_it_can_run_again(
    settings: EngineSettings, listener: RecordingListener, start_agent: AgentStarter, tmp_path: Path
) -> None:
    engine = LocalEngine(settings)
    engine.start(listener, start_agent)
    engine.launch([Launch(make_plan("/bin/sleep", "60"), "local")])
    listener.wait_for_step(1, "job", SECONDS)
    engine.stop(5.0)
    assert isinstance(listener.ends(1)[0], ExecutionLost)
    assert not (tmp_path / "executions" / "1" / "report.json").exists()
    assert engine.offers() == []


def test_a_stop_kills_what_ignores_sigterm(tmp_path: Path, listener: RecordingListener) -> None:
    engine = LocalEngine(EngineSettings(tmp_path, {"kill_grace": 60}))
    engine.start(listener, client.start_agent)
    engine.launch([Launch(make_plan("/bin/sh", "-c 'trap \"\" TERM; echo $$; while :; do sleep 0.1; done'"), "local")])
    until(lambda: engine.logs(1, "stdout", 0, 100).data.endswith(b"\n"))
    pid = int(engine.logs(1, "stdout", 0, 100).data)
    engine.stop(1.5)
    until(lambda: not running(pid))
    assert len(listener.ends(1)) == 1


def test_a_runner_that_breaks_is_a_failure_of_the_engine_and_logged(
    engine: LocalEngine, listener: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    """A configuration that no check has seen."""
    file = {"id": 1, "workspace": "x", "path": "a", "file_name": "a", "media_type": "a/b", "size": 1, "is_source": True}
    plan = make_plan(
        "/bin/true",
        inputs=[{"name": "a", "type": "file", "files": [file]}],
        workspaces={"x": {"version": "1.0", "broker": {"type": "host"}}},
    )
    engine.launch([Launch(plan, "local")])
    end = listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionFinished)
    assert end.report.failure is not None
    assert end.report.failure.kind == "engine"
    assert "host_path" in end.report.failure.message
    (logged,) = until(lambda: [record for record in caplog.records if record.name == "scale_core.runner.worker"])
    assert vars(logged)["execution_id"] == 1
    assert "Traceback" in logged.getMessage()
    engine.launch([Launch(make_plan("/bin/true", execution_id=2), "local")])
    assert isinstance(listener.wait_for_end(2, SECONDS), ExecutionFinished)


def test_launching_before_the_start_is_a_mistake(settings: EngineSettings) -> None:
    with pytest.raises(RuntimeError, match="not been started"):
        LocalEngine(settings).launch([Launch(make_plan("/bin/true"), "local")])


def test_workers_are_kept_for_the_next_run(
    engine: LocalEngine, listener: RecordingListener, agents: list[client.AgentClient]
) -> None:
    for number in range(1, 21):
        engine.launch([Launch(make_plan("/bin/true", execution_id=number), "local")])
        listener.wait_for_end(number, SECONDS)
    assert len(children(agents[0].pid)) == 1


LEAVES_A_DAEMON = "-c '(trap \"\" TERM HUP; env -i setsid sleep 60 & echo $!); sleep 60'"


@pytest.fixture
def daemon(engine: LocalEngine, listener: RecordingListener) -> int:
    """A process that the running execution 1 started and that has nothing to do with it any more."""
    engine.launch([Launch(make_plan("/bin/sh", LEAVES_A_DAEMON), "local")])
    listener.wait_for_step(1, "job", SECONDS)
    until(lambda: engine.logs(1, "stdout", 0, 100).data.endswith(b"\n"))
    pid = int(engine.logs(1, "stdout", 0, 100).data)
    assert running(pid)
    return pid


def test_a_worker_that_dies_costs_its_execution_alone(
    engine: LocalEngine, listener: RecordingListener, agents: list[client.AgentClient], daemon: int
) -> None:
    (worker,) = children(agents[0].pid)
    engine.launch([Launch(make_plan("/bin/sleep", "60", execution_id=2), "local")])
    listener.wait_for_step(2, "job", SECONDS)
    os.kill(worker, signal.SIGKILL)
    assert isinstance(listener.wait_for_end(1, SECONDS), ExecutionLost)
    assert not running(daemon)
    assert listener.ends(2) == []
    engine.launch([Launch(make_plan("/bin/true", execution_id=3), "local")])
    assert isinstance(listener.wait_for_end(3, SECONDS), ExecutionFinished)


def test_an_agent_that_dies_is_started_again_and_what_it_ran_is_ended_and_lost(
    engine: LocalEngine, listener: RecordingListener, agents: list[client.AgentClient], daemon: int
) -> None:
    before = agents[0].pid
    os.kill(before, signal.SIGKILL)
    assert isinstance(listener.wait_for_end(1, SECONDS), ExecutionLost)
    assert not running(daemon)
    until(lambda: agents[0].pid != before)
    engine.launch([Launch(make_plan("/bin/true", execution_id=3), "local")])
    assert isinstance(listener.wait_for_end(3, SECONDS), ExecutionFinished)
    assert len(listener.ends(1)) == 1


def test_what_ended_before_its_agent_died_is_told_with_its_report(
    engine: LocalEngine, listener: RecordingListener, agents: list[client.AgentClient], tmp_path: Path
) -> None:
    os.kill(agents[0].pid, signal.SIGSTOP)
    engine.launch([Launch(make_plan("/bin/true"), "local")])
    folder = tmp_path / "executions" / "1"
    folder.mkdir()
    (folder / "report.json").write_text('{"execution_id": 1, "status": "COMPLETED", "steps": {}}')
    os.kill(agents[0].pid, signal.SIGKILL)
    end = listener.wait_for_end(1, SECONDS)
    assert isinstance(end, ExecutionFinished)
    assert end.report.status == "COMPLETED"


class OneSlot:
    """An engine with room for one execution at a time, whose worker has been given several and has begun none."""

    def __init__(self, engine: LocalEngine, listener: RecordingListener, agent: client.AgentClient) -> None:
        self.engine, self.listener, self.agent = engine, listener, agent
        self._unknown = count(4711)
        for number in (1, 2, 3):  # what is short is given ahead
            self.launch(number)
            listener.wait_for_end(number, SECONDS)
        (self.worker,) = children(agent.pid)
        os.kill(self.worker, signal.SIGSTOP)
        self.listener.events.clear()
        self.ids = range(10, 30)
        self.launch(*self.ids)
        self.settle()

    def launch(self, *ids: int) -> None:
        self.engine.launch([Launch(make_plan("/bin/echo", "ran", execution_id=one, cpus=4), "local") for one in ids])

    def settle(self) -> None:
        """Wait until the agent has passed on what it was told."""
        unknown = next(self._unknown)
        self.engine.reconcile([unknown])
        self.listener.wait_for_end(unknown, SECONDS)

    def go_on(self) -> None:
        os.kill(self.worker, signal.SIGCONT)

    def ends(self, *ids: int) -> list[ExecutionFinished | ExecutionLost]:
        ends = [self.listener.wait_for_end(one, SECONDS) for one in ids]
        assert all(len(self.listener.ends(one)) == 1 for one in ids)
        return ends

    def all_completed(self, *ids: int) -> bool:
        return all(isinstance(end, ExecutionFinished) and end.report.status == "COMPLETED" for end in self.ends(*ids))


@pytest.fixture
def one_slot(engine: LocalEngine, listener: RecordingListener, agents: list[client.AgentClient]) -> OneSlot:
    return OneSlot(engine, listener, agents[0])


def test_what_a_worker_was_given_ahead_runs_in_its_order(one_slot: OneSlot) -> None:
    one_slot.go_on()
    assert one_slot.all_completed(*one_slot.ids)
    ends = [event for event in one_slot.listener.events if isinstance(event, ExecutionFinished)]
    assert [end.report.execution_id for end in ends] == list(one_slot.ids)


def test_what_a_worker_was_given_ahead_can_be_killed_before_it_begins(one_slot: OneSlot) -> None:
    one_slot.engine.kill(11)
    one_slot.settle()
    one_slot.go_on()
    (end,) = one_slot.ends(11)
    assert isinstance(end, ExecutionFinished)
    assert end.report.status == "CANCELED"
    assert one_slot.engine.logs(11, "stdout", 0, 10).data == b""
    assert one_slot.all_completed(10, *range(12, 30))


def test_a_worker_that_dies_does_not_take_along_what_it_was_given_ahead(one_slot: OneSlot) -> None:
    os.kill(one_slot.worker, signal.SIGKILL)
    (end,) = one_slot.ends(10)
    assert isinstance(end, ExecutionLost)
    assert one_slot.all_completed(*range(11, 30))


def test_a_stop_tells_what_a_worker_was_given_ahead_as_lost(one_slot: OneSlot) -> None:
    one_slot.engine.stop(1.0)
    assert all(isinstance(end, ExecutionLost) for end in one_slot.ends(*one_slot.ids))


def test_what_waits_behind_an_execution_that_lasts_runs_elsewhere(
    engine: LocalEngine, listener: RecordingListener
) -> None:
    short = [Launch(make_plan("/bin/true", execution_id=one, cpus=2), "local") for one in range(1, 101)]
    engine.launch(short[:20])
    for one in range(1, 21):
        listener.wait_for_end(one, SECONDS)
    # Both workers are known to be quick, and are given some of what follows ahead.
    engine.launch([Launch(make_plan("/bin/sleep", "60", execution_id=200, cpus=2), "local"), *short[20:]])
    for one in range(21, 101):
        listener.wait_for_end(one, SECONDS)
    assert listener.ends(200) == []
    engine.kill(200)


SCALE_OF_ITS_OWN = """
import sys, time
from pathlib import Path
from scale_core.interfaces.engine import EngineSettings, Launch
from scale_core.runner.client import start_agent
from scale_core.testing.runs import RecordingListener, make_plan
from scale_engine_local.engine import LocalEngine
engine, listener = LocalEngine(EngineSettings(Path(sys.argv[1]))), RecordingListener()
engine.start(listener, start_agent)
engine.launch([Launch(make_plan("/bin/sh", sys.argv[2]), "local")])
time.sleep(600)
"""


def test_everything_ends_when_scale_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    scale = subprocess.Popen([sys.executable, "-c", SCALE_OF_ITS_OWN, str(tmp_path), LEAVES_A_DAEMON], env=environment)
    log = tmp_path / "executions" / "1" / "stdout"
    until(lambda: log.exists() and log.read_bytes().endswith(b"\n"))
    (agent,) = children(scale.pid)
    everything = [agent, *children(agent), int(log.read_text())]
    assert all(running(pid) for pid in everything)
    scale.kill()
    scale.wait()
    with (tmp_path / "executions" / LOCK_FILE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # what holds it are the agent and its workers
    until(lambda: not any(running(pid) for pid in everything if pid != agent))  # who has let go of it is all but gone
    assert not (tmp_path / "executions" / "1" / "report.json").exists()
