"""Parts of Scale's executor, alone."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from fakes.certificates import certificate
from fakes.mesos.faults import basic
from fakes.waiting import join
from scale_core.interfaces.containers import DEFAULT_HOST, ContainerSettings
from scale_engine_mesos.executor.idle import Idle
from scale_engine_mesos.executor.place import NoAgent, Place
from scale_engine_mesos.executor.tls import agent_context, names_any
from scale_engine_mesos.messages import Executor
from scale_engine_mesos.node_settings import decode_settings, encode_settings
from scale_engine_mesos.options import FETCHED, Options
from scale_engine_mesos.transport import Broken, Refused
from scale_engine_mesos.wire import (
    decode,
    decode_answer,
    decode_forget,
    decode_plan,
    decode_question,
    encode_answer,
    encode_forget,
    encode_question,
    encode_report,
    encode_step,
)

ENVIRONMENT = {
    "MESOS_FRAMEWORK_ID": "f",
    "MESOS_EXECUTOR_ID": "e",
    "MESOS_AGENT_ENDPOINT": "10.0.0.2:5051",
    "MESOS_DIRECTORY": "/var/lib/mesos/runs/1",
}


def test_a_place_is_read_from_what_agents_set() -> None:
    more = {
        "MESOS_SANDBOX": "/mnt/mesos/sandbox",
        "MESOS_CHECKPOINT": "1",
        "MESOS_RECOVERY_TIMEOUT": "15mins",
        "MESOS_SUBSCRIPTION_BACKOFF_MAX": "500ms",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "1.5secs",
        "MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "t",
    }
    place = Place.of(ENVIRONMENT | more)
    assert (place.framework_id, place.executor_id, place.endpoint) == ("f", "e", "10.0.0.2:5051")
    assert (place.sandbox, place.directory) == (Path("/mnt/mesos/sandbox"), "/var/lib/mesos/runs/1")
    assert (place.checkpoint, place.recovery, place.backoff, place.grace) == (True, 900.0, 0.5, 1.5)
    assert (place.token, place.tls) == ("t", None)


@pytest.mark.parametrize("value", ["0", "false", ""])
def test_checkpointing_is_off_where_the_agent_says_so(value: str) -> None:
    assert Place.of(ENVIRONMENT | {"MESOS_CHECKPOINT": value}).checkpoint is False


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_what_no_agent_has_started_says_which_variable_is_missing(name: str) -> None:
    others = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(NoAgent, match="MESOS_SANDBOX" if name == "MESOS_DIRECTORY" else name):
        Place.of(others)


@pytest.mark.parametrize("value", ["15", "15 mins", "soon", "-1secs"])
def test_a_duration_that_is_none_is_named(value: str) -> None:
    with pytest.raises(NoAgent, match="MESOS_RECOVERY_TIMEOUT"):
        Place.of(ENVIRONMENT | {"MESOS_RECOVERY_TIMEOUT": value})


def test_an_encrypted_agent_without_certificates_is_an_error(tmp_path: Path) -> None:
    missing = {"LIBPROCESS_SSL_ENABLED": "1", "LIBPROCESS_SSL_CA_FILE": str(tmp_path / "none")}
    with pytest.raises(NoAgent, match="certificates"):
        Place.of(ENVIRONMENT | missing)


def test_nodes_run_executions_as_the_options_say(tmp_path: Path) -> None:
    given: dict[str, Any] = {"master": "one", "kill_grace": "7", "log_limit": "2", "limits": "off"}
    docker = {"docker_user": "1:2", "docker_pull": "never", "docker_host": "unix:///run/other.sock"}
    settings, idle_seconds = decode_settings(encode_settings(Options.of(given | docker)), tmp_path)
    assert idle_seconds == 600.0
    assert (settings.kill_grace, settings.log_limit, settings.limits) == (7.0, 2 << 20, False)
    assert settings.containers == ContainerSettings("/run/other.sock", pull="never", user=(1, 2))
    without, idle_seconds = decode_settings(
        encode_settings(Options.of(given | {"docker": "off", "executor_idle": "9"})), tmp_path
    )
    assert (without.containers, idle_seconds) == (None, 9.0)


def test_the_docker_of_nodes_is_not_that_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/mine.sock")
    containers = Options.of({"master": "one"}).containers
    assert containers is not None
    assert containers.socket == DEFAULT_HOST.removeprefix("unix://")


@pytest.mark.parametrize("data", ["", "%", "e30=", base64.b64encode(b"[]").decode()])
def test_settings_of_others_are_refused(data: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not Scale's"):
        decode_settings(data, tmp_path)


def test_an_executor_with_other_settings_has_another_id() -> None:
    entries = [{"name": name, "type": "SCALAR", "scalar": {"value": 1000.0}} for name in ("cpus", "mem")]
    one, other = (
        Executor(Options.of({"master": "one", "kill_grace": seconds})).info("f", "*", entries)["executor_id"]
        for seconds in (1, 2)
    )
    assert one != other


def test_what_agents_fetch_is_what_they_start() -> None:
    options = Options.of({"master": "one", "executor_uri": "https://files.example/x.tar.gz"})
    assert " ".join(options.executor) == FETCHED
    assert Options.of({"master": "one", "executor_uri": "x", "executor": "mine"}).executor == ("mine",)


def test_where_logs_are_how_large_and_whose_comes_with_steps_and_the_end() -> None:
    step = decode(encode_step("job", "/sandbox/executions/1", "scale-1"))
    assert (step.directory, step.executor) == ("/sandbox/executions/1", "scale-1")
    *before, last = encode_report(b"{}", 1, "/there", {"stdout": 3, "stderr": 0}, "scale-1")
    assert {decode(one).executor for one in before} == {""}
    said = decode(last)
    assert (said.directory, said.sizes, said.executor) == ("/there", {"stdout": 3, "stderr": 0}, "scale-1")


def test_questions_and_answers_travel_as_they_are() -> None:
    assert decode_question(encode_question(4711, b"what\nis it?")) == (4711, b"what\nis it?")
    assert decode_answer(encode_answer(4711, b"this\nand that")) == (4711, b"this\nand that")
    assert decode_answer(encode_forget([1])) is None
    for data in ("cmVwbHk=", "!", "Mw=="):
        with pytest.raises(ValueError, match="not Scale's"):
            decode_answer(data)
        with pytest.raises(ValueError, match="not Scale's"):
            decode_question(data)
    with pytest.raises(ValueError, match="nobody asks"):
        decode_question(encode_answer(1, b""))


def test_a_message_names_executions() -> None:
    assert decode_forget(encode_forget([1, 4711])) == [1, 4711]
    with pytest.raises(ValueError, match="not Scale's"):
        decode_forget("cmVwbHk=")


@pytest.mark.parametrize("data", ["", "%", base64.b64encode(json.dumps({"version": "1.0"}).encode()).decode()])
def test_a_task_without_a_plan_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="no execution plan"):
        decode_plan(data)


def test_an_executor_ends_once_it_had_nothing_to_do_for_all_of_its_time() -> None:
    clock, busy = [0.0], [False]
    idle = Idle(10.0, lambda: busy[0], lambda: None, lambda: clock[0])
    clock[0] = 9.0
    assert not idle.look()
    busy[0] = True
    clock[0] = 30.0
    assert not idle.look()
    busy[0] = False
    clock[0] = 39.0
    assert not idle.look()
    clock[0] = 40.0
    assert idle.look()


@pytest.mark.parametrize(
    ("alternatives", "names", "is_theirs"),
    [
        ((("DNS", "node-1.example"),), {"node-1.example"}, True),
        ((("DNS", "NODE-1.example"),), {"10.0.0.2", "node-1.Example"}, True),
        ((("DNS", "*.nodes.example"),), {"node-1.nodes.example"}, True),
        ((("DNS", "*.example.org"),), {"a.b.example.org"}, False),
        ((("DNS", "*.example"),), {"example"}, False),
        ((("DNS", "*.org"),), {"example.org"}, False),
        ((("IP Address", "10.0.0.2"),), {"10.0.0.2"}, True),
        ((("DNS", "node-2.example"), ("IP Address", "10.0.0.3")), {"node-1.example", "10.0.0.2"}, False),
        ((), {"node-1.example"}, False),
    ],
)
def test_a_certificate_is_for_the_hosts_and_addresses_that_it_names(
    alternatives: tuple[tuple[str, str], ...], names: set[str], is_theirs: bool
) -> None:
    assert names_any({"subjectAltName": alternatives}, names) is is_theirs


@contextmanager
def agent_with(file: Path) -> Iterator[int]:
    """The port of an agent that shows a certificate, once."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            with suppress(OSError), connection, tls.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            join(thread)


@pytest.mark.parametrize(("address", "is_theirs"), [("127.0.0.1", True), ("10.0.0.2", False)])
def test_an_agent_whose_certificate_is_for_another_is_not_spoken_to(
    tmp_path: Path, address: str, is_theirs: bool
) -> None:
    file = certificate(tmp_path)
    context = agent_context(str(file), address)
    refused = nullcontext() if is_theirs else pytest.raises(ssl.SSLCertVerificationError, match=r"is for 127\.0\.0\.1;")
    with agent_with(file) as port, socket.create_connection(("127.0.0.1", port), 10.0) as connection, refused:
        context.wrap_socket(connection, server_hostname="127.0.0.1").close()


@contextmanager
def agent_that_asks() -> Iterator[tuple[str, list[str | None]]]:
    """The address of an agent that wants to know who reads, and what it was shown."""
    shown: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            shown.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_given: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", shown
        finally:
            join(thread)


def test_the_secret_is_not_shown_over_a_link_that_is_not_encrypted_unless_that_is_allowed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s\n")
    given = {"master": "one", "principal": "p", "secret_file": str(secret)}
    with agent_that_asks() as (address, shown), pytest.raises(Broken, match="'secret_unencrypted'"):
        Options.of(given).files().read(address, "/x", 0, 10)
    assert shown == [None]
    with agent_that_asks() as (address, shown), pytest.raises(Refused):
        Options.of(given | {"secret_unencrypted": "on"}).files().read(address, "/x", 0, 10)
    assert shown == [basic("p", "s")]
