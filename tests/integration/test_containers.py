"""Executions in containers of a real Docker engine."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.docker_engine import IMAGE, DockerEngine, running_docker
from fakes.machine import missing
from fakes.registry import PASSWORD, Registry, running_registry
from fakes.waiting import SECONDS, until, until_equal
from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine import AgentSettings, ExecutionFinished, ExecutionLost, ExecutionReport
from scale_core.runner.client import AgentClient, start_agent
from scale_core.runner.containers.layout import NOBODY
from scale_core.runner.containers.notes import ContainerNotes
from scale_core.specs import SpecLibrary
from scale_core.testing.runs import RecordingListener, make_plan

pytestmark = pytest.mark.any_database


class Node:
    """A node agent that runs containers; each execution that it is given has a new id."""

    def __init__(self, place: Path, settings: ContainerSettings, specs: SpecLibrary, kill_grace: float = 0.5) -> None:
        self.folder = place / "executions"
        self.workspace = place / "workspace"
        self.workspace.mkdir()
        self.specs = specs
        self.listener = RecordingListener()
        agent = AgentSettings(self.folder, log_limit=1 << 18, kill_grace=kill_grace, containers=settings)
        self.agent: AgentClient = start_agent(agent, self.listener.notify)
        self._last_id = 0

    def launch(self, script: str, arguments: str = "", *, command: str = "sh", **plan: Any) -> int:
        """Have a script, or another command, run in the container; it has the output folder as $1."""
        self._last_id += 1
        if command == "sh":
            (self.workspace / "script").write_text(script)
            arguments = f"-c '{script}' sh ${{job_output_dir}} {arguments}"
        docker = {"image": plan.pop("image", IMAGE), "privileged": plan.pop("privileged", False)}
        places = {"here": str(self.workspace), "far": plan.pop("far", str(self.workspace))}
        made = make_plan(
            command,
            arguments,
            execution_id=self._last_id,
            docker=docker,
            workspaces={name: {"version": "1.0", "broker": host_broker(path)} for name, path in places.items()},
            **{"mem": 32.0, "cpus": 1.0, **plan},
        )
        assert self.specs.problems("execution-plan", made.to_document()) == []
        self.agent.launch([made])
        return self._last_id

    def report(self, execution_id: int) -> ExecutionReport:
        end = self.listener.wait_for_end(execution_id, SECONDS)
        assert isinstance(end, ExecutionFinished), end
        assert self.specs.problems("execution-report", end.report.to_document()) == []
        return end.report

    def run(self, script: str, arguments: str = "", **plan: Any) -> ExecutionReport:
        return self.report(self.launch(script, arguments, **plan))

    def lines(self, execution_id: int | None = None) -> list[str]:
        """What the last execution, or another one, wrote to stdout."""
        log = self.folder / str(execution_id or self._last_id) / "stdout"
        return log.read_text().splitlines() if log.exists() else []

    def await_line(self, execution_id: int, line: str) -> None:
        until(lambda: line in self.lines(execution_id))

    def input(self, name: str, content: str) -> dict[str, Any]:
        """An input `data` of one file in the workspace."""
        (self.workspace / name).write_text(content)
        return {"name": "data", "type": "file", "files": [self.file(name, len(content))]}

    def file(self, name: str, size: int) -> dict[str, Any]:
        about = {"id": 1, "workspace": "here", "path": name, "file_name": name}
        return {**about, "media_type": "text/plain", "size": size, "is_source": True}


def host_broker(path: str) -> dict[str, str]:
    return {"type": "host", "host_path": path}


def failed(report: ExecutionReport, kind: str, step: str = "job") -> str:
    assert report.failure is not None
    assert (report.failure.kind, report.failure.step) == (kind, step), report.failure.message
    return report.failure.message


@pytest.fixture(scope="module")
def node(
    docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory, packaged_specs: SpecLibrary
) -> Iterator[Node]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", "secret")
        node = Node(tmp_path_factory.mktemp("node"), docker_engine.settings, packaged_specs)
    yield node
    node.agent.stop(5.0)
    until_equal(docker_engine.containers, [])
    until(lambda: not ContainerNotes(node.folder).any())


@pytest.fixture
def make_node(
    docker_engine: DockerEngine, tmp_path: Path, packaged_specs: SpecLibrary
) -> Iterator[Callable[..., Node]]:
    """Makes a node with changed settings, which waits so long for what it asks to end."""
    nodes: list[Node] = []

    def make(kill_grace: float = 0.5, **changes: Any) -> Node:
        place = tmp_path / f"node-{len(nodes)}"
        place.mkdir()
        settings = dataclasses.replace(docker_engine.settings, **changes)
        nodes.append(Node(place, settings, packaged_specs, kill_grace))
        return nodes[-1]

    yield make
    for node in nodes:
        node.agent.stop(5.0)


@pytest.fixture
def registry(docker_engine: DockerEngine) -> Iterator[Registry]:
    """A registry whose image the node has not yet."""
    with running_registry() as registry:
        yield registry


OUTPUT = {"name": "made", "type": "file", "required": True, "media_type": "text/plain", "workspace": "here"}


def test_a_file_goes_in_and_a_product_comes_out(node: Node) -> None:
    script = "cat $2 > $1/copy.txt; echo ARTIFACT:made:$1/copy.txt"
    report = node.run(script, "${data}", inputs=[node.input("a.txt", "content")], outputs=[OUTPUT])
    assert report.status == "COMPLETED", report.failure
    (stored,) = report.outputs[0].files
    assert (node.workspace / stored.path).read_text() == "content"
    assert sorted(each.name for each in (node.folder / "1").iterdir()) == ["report.json", "stderr", "stdout"]


def test_the_report_tells_what_it_ran_in(node: Node, docker_engine: DockerEngine) -> None:
    environment = node.run("true").environment
    assert environment is not None
    with docker_engine.client() as client:
        identifier = client.inspect_image(IMAGE)["Id"]
    assert (environment.docker_image, environment.docker_image_id) == (IMAGE, identifier)
    assert "PATH" not in environment.variables


def test_the_environment_is_clean_and_the_user_unprivileged(node: Node) -> None:
    node.run("id -u; id -g; pwd; while read -r each; do echo $each; done < /proc/self/status; env")
    lines = node.lines()
    folder = str(node.folder / str(node._last_id))
    assert lines[:3] == [*map(str, NOBODY), folder]
    assert "NoNewPrivs: 1" in lines
    assert "CapEff: 0000000000000000" in lines
    assert "CapBnd: 0000000000000000" in lines
    assert "Seccomp: 2" in lines
    assert not any("secret" in line for line in lines)


def test_only_its_own_folders_can_be_written_to(node: Node) -> None:
    places = "/x /etc/x /bin/x $2 $2/../x"
    script = (
        f'for each in {places}; do echo x >> "$each" && echo "wrote $each"; done; '
        "echo x > x && echo x > $1/x && echo x > /tmp/x && echo x > /var/tmp/x && echo all of its own; "
        "rm -f $2 || echo stays; ls $(dirname $2)"
    )
    report = node.run(script, "${data}", inputs=[node.input("only-read.txt", "as it was")])
    assert report.status == "COMPLETED", report.failure
    assert node.lines() == ["all of its own", "stays", "only-read.txt"]
    assert (node.workspace / "only-read.txt").read_text() == "as it was"


def test_an_input_on_another_file_system_is_seen_as_it_is_and_not_written_to(
    node: Node,
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as far:
        if Path(far).stat().st_dev == node.folder.stat().st_dev:
            missing("There is no second file system here.")
        Path(far, "far.txt").write_text("far away")
        given = {"name": "data", "type": "file", "files": [{**node.file("far.txt", 8), "workspace": "far"}]}
        report = node.run("cat $2; echo; echo x >> $2 || echo refused", "${data}", inputs=[given], far=far)
        assert report.status == "COMPLETED", report.failure
        assert node.lines() == ["far away", "refused"]
        assert Path(far, "far.txt").read_text() == "far away"


def test_it_reaches_no_network(node: Node) -> None:
    node.run("ls /sys/class/net; wget -q -T 2 http://127.0.0.1:1/ || echo nothing there")
    assert node.lines() == ["lo", "nothing there"]


def test_it_may_have_a_network_where_the_installation_says_so(make_node: Callable[..., Node]) -> None:
    node = make_node(network="host")
    node.run("ls /sys/class/net")
    assert sorted(node.lines()) == sorted(each.name for each in Path("/sys/class/net").iterdir())


def test_arguments_reach_the_command_as_they_are(node: Node) -> None:
    node.run("", '"a b" "$HOME" "*" \'quo"te\'', command="echo")
    assert node.lines() == ['a b $HOME * quo"te']


def test_an_exit_code_is_reported(node: Node) -> None:
    report = node.run("echo why >&2; exit 3")
    assert "exit code 3. The last line in stderr: why" in failed(report, "exit-code")
    assert report.failure is not None
    assert report.failure.exit_code == 3


def test_a_signal_is_reported_and_the_exit_code_too(node: Node) -> None:
    report = node.run("kill -SEGV $$")
    assert "ended by SIGSEGV" in failed(report, "signal")
    assert report.failure is not None
    assert (report.failure.signal, report.failure.exit_code) == (11, 139)


def test_a_command_that_is_not_in_the_image_cannot_be_started(node: Node) -> None:
    assert "'nowhere' cannot be started in its image" in failed(node.run("", command="nowhere"), "launch")
    assert "'/bin/not-executable' cannot be" in failed(node.run("", command="/bin/not-executable"), "launch")


def test_an_image_that_the_node_has_not_and_may_not_pull_is_named(node: Node) -> None:
    assert "no image 'never/pulled:1'" in failed(node.run("true", image="never/pulled:1"), "launch", "pre")


def test_a_name_that_no_image_can_have_is_the_job_types_fault(node: Node) -> None:
    assert "invalid reference format" in failed(node.run("true", image="No Such::Image"), "image", "pre")


def test_a_registry_that_is_not_reached_is_not_the_jobs_fault(make_node: Callable[..., Node]) -> None:
    report = make_node(pull="missing").run("true", image="127.0.0.1:1/some/image:1")
    assert "connection refused" in failed(report, "engine", "pre")


def test_an_image_is_pulled_with_the_credentials_of_the_installation(
    make_node: Callable[..., Node], registry: Registry, tmp_path: Path
) -> None:
    node = make_node(pull="missing", config=registry.configuration(tmp_path))
    report = node.run("env; cat /proc/self/environ", image=registry.image)
    assert report.status == "COMPLETED", report.failure
    asked = len(registry.asked)
    assert asked > 0
    assert PASSWORD not in json.dumps(report.to_document()) + "".join(node.lines())
    assert node.run("true", image=registry.image).status == "COMPLETED"
    assert len(registry.asked) == asked


def test_an_image_may_be_pulled_anew_for_each_execution(
    make_node: Callable[..., Node], registry: Registry, tmp_path: Path
) -> None:
    node = make_node(pull="always", config=registry.configuration(tmp_path))
    identifiers = set()
    for number in ("1", "2"):
        registry.put({"number": number})
        environment = node.run("true", image=registry.image).environment
        assert environment is not None
        identifiers.add(environment.docker_image_id)
    assert len(identifiers) == 2


def test_an_image_that_its_registry_does_not_have_or_show_is_missing(
    make_node: Callable[..., Node], registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "empty.json").write_text("{}")
    stranger = make_node(pull="missing", config=str(tmp_path / "empty.json"))
    message = failed(stranger.run("true", image=registry.image), "image", "pre")
    assert "give Docker credentials" in message
    node = make_node(pull="missing", config=registry.configuration(tmp_path))
    assert "manifest unknown" in failed(node.run("true", image=f"{registry.image}23"), "image", "pre")


def test_a_cancel_does_not_wait_for_a_registry(
    make_node: Callable[..., Node], registry: Registry, tmp_path: Path
) -> None:
    registry.is_open.clear()
    node = make_node(pull="missing", config=registry.configuration(tmp_path))
    one = node.launch("true", image=registry.image)
    node.listener.wait_for_step(one, "pre", SECONDS)
    until(lambda: len(registry.asked) > 1)
    node.agent.kill(one)
    assert node.report(one).status == "CANCELED"


def test_memory_beyond_what_the_job_requires_is_not_had(node: Node) -> None:
    message = failed(node.run("x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done"), "memory")
    assert "32 MiB" in message


def test_a_job_that_outlives_a_child_short_of_memory_is_ended(node: Node) -> None:
    failed(node.run('(x=aaaaaaaaaaaaaaaa; while :; do x="$x$x"; done) ; sleep 600'), "memory")


def test_disk_beyond_what_the_job_requires_is_not_had_in_any_of_its_folders(node: Node) -> None:
    for place in ("$1", "/var/tmp"):
        script = f"for i in 1 2 3; do dd if=/dev/zero of={place}/big$i bs=1M count=6; done; sleep 60"
        assert "16 MiB" in failed(node.run(script, disk_out=16.0), "disk"), place


def test_a_flood_of_output_is_ended_and_its_log_shortened(node: Node) -> None:
    failed(node.run("", "/dev/zero", command="cat"), "log")
    assert (node.folder / str(node._last_id) / "stdout").stat().st_size < 1 << 19


def test_all_output_is_kept_however_fast_it_ends(node: Node) -> None:
    node.run("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo last >&2")
    assert node.lines() == [f"line {number}" for number in range(3000)]
    assert (node.folder / str(node._last_id) / "stderr").read_text() == "last\n"


def test_a_timeout_ends_it(node: Node) -> None:
    assert "0.3 seconds" in failed(node.run("sleep 600", timeout=0.3), "timeout")


def test_one_that_is_canceled_may_end_by_itself(make_node: Callable[..., Node]) -> None:
    node = make_node(kill_grace=SECONDS)
    one = node.launch('trap "echo tidied; exit 0" TERM; echo ready; while :; do sleep 0.05; done')
    node.await_line(one, "ready")
    node.agent.kill(one)
    assert node.report(one).status == "CANCELED"
    assert node.lines(one) == ["ready", "tidied"]


def test_one_that_is_canceled_and_does_not_end_is_killed(node: Node) -> None:
    one = node.launch('trap "" TERM; echo ready; while :; do sleep 0.05; done')
    node.await_line(one, "ready")
    node.agent.kill(one)
    assert node.report(one).status == "CANCELED"


def test_a_fork_bomb_is_bounded(make_node: Callable[..., Node]) -> None:
    node = make_node(pids=20)
    node.run("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do sleep 600 & done; echo never; wait")
    assert node.lines() == []
    assert "t fork" in (node.folder / "1" / "stderr").read_text()


def test_processes_that_it_leaves_end_with_it(node: Node) -> None:
    seconds = f"{4711_000_000 + os.getpid()}"  # as no other test says
    one = node.launch(f"sleep {seconds} & echo done")
    assert node.report(one).status == "COMPLETED"
    command = f"sleep\0{seconds}\0".encode()
    assert not [each for each in Path("/proc").iterdir() if each.name.isdigit() and _command(each) == command]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_links_out_of_the_output_folder_lead_nowhere(node: Node) -> None:
    script = "ln -s /etc/passwd $1/out; echo ARTIFACT:made:$1/out"
    assert "outside of the output folder" in failed(node.run(script, outputs=[OUTPUT]), "invalid-output", "post")


def test_logs_and_reports_are_out_of_its_reach(node: Node) -> None:
    report = node.run("rm -f stdout stderr report.json; ln -s /etc/passwd stdout; ln -s /etc/passwd stderr; exit 1")
    failed(report, "exit-code")
    folder = node.folder / str(node._last_id)
    assert sorted(each.name for each in folder.iterdir() if not each.is_symlink()) == [
        "report.json",
        "stderr",
        "stdout",
    ]
    assert "root:" not in (folder / "stdout").read_text()


def test_a_privileged_container_is_refused_unless_the_installation_allows_it(
    node: Node, make_node: Callable[..., Node]
) -> None:
    assert "docker_allow_privileged" in failed(node.run("true", privileged=True), "launch", "pre")
    allowing = make_node(allow_privileged=True, user=(0, 0))
    allowing.run("while read -r each; do echo $each; done < /proc/self/status", privileged=True)
    assert "CapEff: 0000000000000000" not in allowing.lines()


def test_what_it_used_is_told(node: Node) -> None:
    usage = node.run("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 0.6").usage
    assert usage is not None
    assert usage.cpu_seconds > 0.05
    assert 0 < usage.memory_mib < 32


def test_a_container_of_a_worker_that_is_killed_is_removed(node: Node, docker_engine: DockerEngine) -> None:
    one = node.launch("echo ready; sleep 600")
    node.await_line(one, "ready")
    pid = node.agent.pid
    for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(worker), signal.SIGKILL)
    assert isinstance(node.listener.wait_for_end(one, SECONDS), ExecutionLost)
    until_equal(docker_engine.containers, [])


def test_a_container_of_an_agent_that_is_killed_is_removed(node: Node, docker_engine: DockerEngine) -> None:
    one = node.launch("echo ready; sleep 600")
    node.await_line(one, "ready")
    pid = node.agent.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, workers)):
        os.kill(each, signal.SIGKILL)
    assert isinstance(node.listener.wait_for_end(one, SECONDS), ExecutionLost)
    until_equal(docker_engine.containers, [])
    assert node.run("true").status == "COMPLETED"


def test_an_engine_that_is_killed_costs_what_it_ran_and_is_waited_for(node: Node, docker_engine: DockerEngine) -> None:
    one = node.launch("echo ready; sleep 600")
    node.await_line(one, "ready")
    docker_engine.kill()
    try:
        failed(node.report(one), "engine")
        after = node.launch("echo back")
        time.sleep(0.3)
    finally:
        docker_engine.start()
    assert node.report(after).status == "COMPLETED"
    until_equal(docker_engine.containers, [])


def test_an_engine_without_an_init_runs_containers_all_the_same(
    docker_engine: DockerEngine, make_node: Callable[..., Node]
) -> None:
    with running_docker(has_init=False) as engine:
        node = make_node(socket=str(engine.socket))
        for _ in range(2):
            assert node.run("echo here").status == "COMPLETED"
            assert node.lines() == ["here"]
        assert "'nowhere' cannot be started in its image" in failed(node.run("", command="nowhere"), "launch")
        until_equal(engine.containers, [])


def test_one_plan_runs_in_a_container_without_the_rest_of_scale(docker_engine: DockerEngine, tmp_path: Path) -> None:
    plan = make_plan("/bin/sh", "-c 'id -u; ls /proc/1/exe'", mem=32.0, docker={"image": IMAGE})
    command: list[str | Path] = [
        Path(sys.executable).with_name("scale"),
        "node",
        "run",
        "-",
        "--folder",
        tmp_path / "run",
    ]
    environment = {**os.environ, "SCALE_ENGINE_DOCKER_HOST": f"unix://{docker_engine.socket}"}
    done = subprocess.run(
        command, env=environment, input=json.dumps(plan.to_document()), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["environment"]["docker_image"] == IMAGE
    assert (tmp_path / "run" / "stdout").read_text().splitlines()[0] == str(NOBODY[0])
    until_equal(docker_engine.containers, [])


def test_the_report_is_kept_for_who_asks_later(node: Node) -> None:
    report = node.run("true")
    kept = json.loads((node.folder / str(node._last_id) / "report.json").read_text())
    assert kept == report.to_document()
