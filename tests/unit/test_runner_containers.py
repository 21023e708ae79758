"""The parts of running containers that need no Docker engine."""

import dataclasses
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from scale_core.interfaces.containers import ContainerSettings
from scale_core.interfaces.engine import AgentSettings
from scale_core.interfaces.options import OptionError
from scale_core.runner.containers.configuration import Container, create_options, host_options
from scale_core.runner.containers.images import pull_failure
from scale_core.runner.containers.layout import NOBODY, Bind, command_user, lay_out
from scale_core.runner.containers.notes import ContainerNotes
from scale_core.runner.containers.output import ContainerOutput, Demultiplexer
from scale_core.runner.containers.run import signal_of
from scale_core.runner.containers.usage import ContainerUsage
from scale_core.runner.containers.watch import ContainerWatch
from scale_core.runner.control import FolderInUse
from scale_core.runner.folder import RunFolder
from scale_core.runner.limits import MIB, Limits
from scale_core.runner.settings import read_settings, write_settings
from scale_core.runner.usage import InputFiles

SETTINGS = ContainerSettings("/run/docker.sock")


def container(**changes: Any) -> Container:
    made = Container(
        execution_id=7,
        image="sha256:abc",
        arguments=["cut", "a b"],
        variables={"HOME": "/data/7"},
        folder="/data/7",
        user=(1000, 1001),
        binds=[Bind("/data/7/work", "/data/7"), Bind("/data/7/inputs", "/data/7/inputs", read_only=True)],
        cpus=0.5,
        limits=Limits(64 * MIB, 10 * MIB, 1 << 20),
        privileged=False,
        has_init=True,
    )
    return dataclasses.replace(made, **changes)


def test_a_container_may_do_nothing_that_its_command_does_not_need() -> None:
    host = host_options(container(), SETTINGS)
    assert host["cap_drop"] == ["ALL"]
    assert host["security_opt"] == ["no-new-privileges"]
    assert (host["read_only"], host["network_mode"], host["pids_limit"]) == (True, "none", 4096)
    assert host["log_config"] == {"type": "none"}
    assert "privileged" not in host


def test_a_privileged_container_has_the_same_limits() -> None:
    plain, privileged = host_options(container(), SETTINGS), host_options(container(privileged=True), SETTINGS)
    assert privileged["privileged"] is True
    kept = plain.keys() & privileged.keys()
    assert {"mem_limit", "cpu_quota", "pids_limit", "network_mode", "mounts"} <= kept
    assert all(plain[name] == privileged[name] for name in kept)
    assert create_options(container(privileged=True), "x") == create_options(container(), "x")


def test_a_container_gets_what_its_job_requires() -> None:
    host = host_options(container(), SETTINGS)
    assert host["cpu_quota"] / host["cpu_period"] == 0.5
    assert host["mem_limit"] == host["memswap_limit"] == 64 * MIB
    (limit,) = host["ulimits"]
    assert (limit.name, limit.hard) == ("fsize", 11 * MIB)


def test_what_is_not_limited_is_left_to_the_engine() -> None:
    host = host_options(container(cpus=0.0, limits=Limits()), SETTINGS)
    assert not {"cpu_quota", "mem_limit", "memswap_limit"} & host.keys()
    assert host["ulimits"] == []


def test_limits_below_what_the_engine_accepts_are_raised() -> None:
    host = host_options(container(cpus=0.001, limits=Limits(memory=1)), SETTINGS)
    assert (host["cpu_quota"], host["mem_limit"]) == (1000, 6 * MIB)


def test_inputs_are_mounted_so_that_they_cannot_be_written_to() -> None:
    mounts = {mount["Target"]: mount for mount in host_options(container(), SETTINGS)["mounts"]}
    assert mounts["/data/7/inputs"]["ReadOnly"] is True
    assert mounts["/data/7"]["ReadOnly"] is False
    assert all(mount["Type"] == "bind" for mount in mounts.values())


def test_the_command_and_its_user_are_passed_as_they_are() -> None:
    options = create_options(container(), "scale-x-7")
    assert (options["command"], options["user"], options["name"]) == (["cut", "a b"], "1000:1001", "scale-x-7")
    assert options["labels"] == {"scale.execution": "7", "scale.folder": "/data/7"}


def piece(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


@pytest.mark.parametrize("size", [1, 3, 8, 11, 1000])
def test_output_is_taken_apart_however_it_is_cut(size: int) -> None:
    sent = piece(1, b"out") + piece(2, b"") + piece(2, b"error") + piece(1, b"more")
    parts, streams = Demultiplexer(), {1: b"", 2: b""}
    for at in range(0, len(sent), size):
        for stream, data in parts.feed(sent[at : at + size]):
            streams[stream] += data
    assert streams == {1: b"outmore", 2: b"error"}


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    root = tmp_path / "7"
    root.mkdir()
    return RunFolder(str(root))


def test_output_goes_to_the_logs_until_it_is_over(run_folder: RunFolder) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ContainerOutput(ours.fileno(), run_folder, 0) as output:
        output.take()
        over = [output.is_over]
        theirs.sendall(piece(1, b"out\n") + piece(2, b"error\n"))
        output.take()
        assert output.longest == 6
        theirs.close()
        output.take()
        assert [*over, output.is_over] == [False, True]
    assert Path(run_folder.stdout).read_text() == "out\n"
    assert Path(run_folder.stderr).read_text() == "error\n"


def test_output_beyond_the_limit_of_a_log_is_counted_and_not_kept(run_folder: RunFolder) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ContainerOutput(ours.fileno(), run_folder, 10) as output:
        for _ in range(5):
            theirs.sendall(piece(1, b"12345678"))
            output.take()
        assert output.longest == 40
    assert Path(run_folder.stdout).read_text() == 2 * "12345678"


def test_the_command_works_in_a_folder_of_its_own_at_the_path_of_the_executions(run_folder: RunFolder) -> None:
    Path(run_folder.outputs).mkdir()
    binds = {bind.target: bind for bind in lay_out(run_folder, (os.getuid(), os.getgid()))}
    assert binds[run_folder.root].source == f"{run_folder.root}/work"
    assert binds[run_folder.outputs].source == run_folder.outputs
    assert {"/tmp", "/var/tmp"} <= binds.keys()
    assert not any(bind.source == run_folder.root for bind in binds.values())
    for target in binds.keys() - {run_folder.root, "/tmp", "/var/tmp"}:
        assert (Path(binds[run_folder.root].source) / Path(target).relative_to(run_folder.root)).exists()


def test_an_input_that_is_a_link_is_seen_as_what_it_leads_to(run_folder: RunFolder, tmp_path: Path) -> None:
    far = tmp_path / "far.txt"
    far.write_text("far")
    place = Path(run_folder.inputs, "data")
    place.mkdir(parents=True)
    (place / "link.txt").symlink_to(far)
    (place / "file.txt").write_text("near")
    read_only = [bind for bind in lay_out(run_folder, (os.getuid(), os.getgid())) if bind.read_only]
    assert [(bind.source, bind.target) for bind in read_only] == [
        (run_folder.inputs, run_folder.inputs),
        (str(far), str(place / "link.txt")),
    ]
    assert not (place / "link.txt").is_symlink()
    assert (place / "file.txt").read_text() == "near"


def test_commands_never_run_as_root_unless_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert command_user(None) == NOBODY
    assert command_user((0, 0)) == (0, 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1001)
    assert command_user(None) == (1000, 1001)


def test_a_container_that_is_looked_after_is_not_left(tmp_path: Path) -> None:
    notes = ContainerNotes(tmp_path)
    assert not notes.any()
    with notes.take(7) as note:
        assert notes.any()
        assert list(notes.left()) == []
    (left,) = [each.name for each in notes.left()]
    assert left == note.name
    for each in notes.left():
        each.remove()
    assert not notes.any()
    assert list(notes.left()) == []


def test_containers_of_two_agents_have_two_names(tmp_path: Path) -> None:
    names = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        with ContainerNotes(folder).take(7) as note:
            names.append(note.name)
    assert len(set(names)) == 2
    assert all(name.endswith("-7") for name in names)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("manifest for a/b:2 not found: manifest unknown: manifest unknown", "image"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "image"),
        ("Get http://r/v2/: unauthorized: authentication required", "image"),
        ("no basic auth credentials", "image"),
        ("no matching manifest for linux/amd64 in the manifest list entries", "image"),
        ('Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', "engine"),
        ('Get "https://r/v2/": dial tcp 10.0.0.1:443: connect: connection refused', "engine"),
        ("received unexpected HTTP status: 503 Service Unavailable", "engine"),
        ("write /var/lib/docker/tmp/x: permission denied", "engine"),
        ("no space left on device", "engine"),
        ("toomanyrequests: You have reached your pull rate limit", "engine"),
    ],
)
def test_an_image_that_nobody_has_is_told_from_a_registry_that_fails(message: str, kind: str) -> None:
    failure = pull_failure("a/b:2", message)
    assert (failure.kind, "a/b:2" in failure.message, message in failure.message) == (kind, True, True)


@pytest.mark.parametrize(("code", "number"), [(0, None), (1, None), (128, None), (137, 9), (139, 11), (255, None)])
def test_an_exit_code_may_stand_for_a_signal(code: int, number: int | None) -> None:
    assert signal_of(code) == number


def test_usage_is_the_most_that_was_seen() -> None:
    usage = ContainerUsage()
    usage.take({"cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}}, "memory_stats": {"stats": {"anon": 4096}}})
    usage.take({"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}})
    usage.take({"cpu_stats": {}, "memory_stats": {"stats": {"total_rss": 2048}}})
    assert (usage.cpu_seconds, usage.peak_kib) == (1.5, 4)


def test_an_agent_is_told_all_of_how_containers_run(tmp_path: Path) -> None:
    settings = ContainerSettings("/x.sock", "bridge", "always", "/config.json", (5, 6), 7, allow_privileged=True)
    for containers in (settings, SETTINGS, None):
        told = read_settings(write_settings(AgentSettings(tmp_path, containers=containers)))
        assert told.containers == containers


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("docker_host", "tcp://example:2375", "a socket of this machine"),
        ("docker_host", "unix://relative.sock", "a socket of this machine"),
        ("docker_pull", "sometimes", "missing, always, never"),
        ("docker_user", "scale", "1000:1000"),
        ("docker_user", 1000, "1000:1000"),
        ("docker_pids", "1", "from 2"),
        ("docker_pids", "many", "from 2"),
        ("docker_allow_privileged", "perhaps", "'on' or 'off'"),
    ],
)
def test_a_wrong_option_is_named_with_what_would_be_right(option: str, value: object, message: str) -> None:
    with pytest.raises(OptionError, match=rf"'{option}'.*'local'.*{message}"):
        ContainerSettings.of({option: value}, "local")


def test_options_are_read_as_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///from/environment.sock")
    assert ContainerSettings.of({}, "local") == ContainerSettings("/from/environment.sock")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert ContainerSettings.of({}, "local") == ContainerSettings("/var/run/docker.sock")
    given = {"docker_host": "unix:///x.sock", "docker_user": "5:6", "docker_pids": "7", "docker_allow_privileged": "on"}
    assert ContainerSettings.of(given, "local") == ContainerSettings(
        "/x.sock", user=(5, 6), pids=7, allow_privileged=True
    )


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[bytes], ContainerSettings]]:
    """Makes settings whose socket gives an answer."""
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "x.sock"))
        server.listen()

        def settings(answer: bytes) -> ContainerSettings:
            def serve() -> None:
                line, _ = server.accept()
                with line:
                    line.recv(1000)
                    line.sendall(answer)

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            return ContainerSettings(str(tmp_path / "x.sock"))

        yield settings
    for thread in threads:
        thread.join()


def test_what_keeps_containers_from_running_is_told(
    tmp_path: Path, answering: Callable[[bytes], ContainerSettings]
) -> None:
    no_file = ContainerSettings(str(tmp_path / "none.sock"), config=str(tmp_path / "none.json"))
    assert "none.json, which docker_config names" in str(no_file.trouble())
    assert "there is no socket" in str(ContainerSettings(str(tmp_path / "none.sock")).trouble())
    assert answering(b"HTTP/1.1 200 OK\r\n\r\nOK").trouble() is None
    assert "is no Docker engine" in str(answering(b"SSH-2.0-x\r\n").trouble())
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
    assert "does not answer" in str(ContainerSettings(str(tmp_path / "dead.sock")).trouble())


class Ended:
    """The engine's client where a container's end is seen before its last output comes.

    :param line: the engine's side of the output.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def inspect_container(self, _identifier: str) -> dict[str, Any]:
        self._line.sendall(piece(1, b"last words\n"))
        self._line.close()
        return {"State": {"Running": False, "ExitCode": 0, "OOMKilled": False}}


class Uninterested:
    """A control that never says anything."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fd(self) -> int:
        return self._descriptor

    def canceled(self) -> bool:
        return False

    def kill_grace(self) -> float:
        return 0.0

    def ask(self, question: bytes) -> None:
        raise AssertionError(f"{question!r} is nothing that a container asks")

    def answer(self, seconds: float) -> bytes | None:
        raise AssertionError(f"nothing was asked {seconds} s ago")

    def progressed(self, done: int) -> None:
        raise AssertionError(f"{done} bytes of no file")

    def works_in(self, folders: Sequence[FolderInUse]) -> None:
        """Nothing hangs."""

    def step_started(self, step: str) -> None:
        raise AssertionError(f"{step} does not last")


def test_what_is_written_last_is_kept_though_the_end_is_seen_first(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run_folder.root)
    ours, theirs = socket.socketpair()
    nothing, silent = socket.socketpair()
    with ours, theirs, nothing, silent, ContainerOutput(ours.fileno(), run_folder, 0) as output:
        control = Uninterested(nothing.fileno())
        watch = ContainerWatch(Ended(theirs), "x", output, Limits(), InputFiles(), control)
        assert watch.wait(None) is None
    assert Path(run_folder.stdout).read_text() == "last words\n"
