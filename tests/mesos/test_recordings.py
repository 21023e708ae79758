"""The master of the tests answers recorded calls as the real one did."""

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.mesos.agent import FakeAgent, Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.recordings import FILE, Exchange, exchanges, same, subscription
from fakes.waiting import SECONDS, join, until
from scale_engine_mesos.agents import old_agents
from scale_engine_mesos.resources import scalars

RECORDED_MASTER = "b0937abb-257a-4f54-8344-fe02642045ef"
TOTAL = {"cpus": 2_000, "mem": 4_096_000, "disk": 10_240_000}
FAULTS = [one for connection in exchanges() for one in connection if one.status >= 400]


class RecordedExecutor:
    """Does what the recorded executor did: three tasks run, one finishes, then it exits with 7."""

    def __init__(self, agent: FakeAgent, framework_id: str, cluster: list[FakeCluster]) -> None:
        self._agent, self._framework_id, self._cluster = agent, framework_id, cluster
        self._launched = 0

    def launch(self, task: Message) -> None:
        self._agent.update(self._framework_id, task["task_id"]["value"], "TASK_RUNNING")
        self._launched += 1
        if self._launched == 3:
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        self._agent.update(self._framework_id, "a", "TASK_FINISHED", message="done", data="cmVzdWx0")
        until(
            lambda: (
                "a" not in self._agent.states(self._framework_id) and not self._agent.unacknowledged(self._framework_id)
            )
        )
        self._cluster[0].leader.executor_failed(self._agent, self._framework_id, "ex1", 7 << 8)

    def kill(self, task_id: str) -> None:
        pass

    def message(self, data: str) -> None:
        pass

    def shutdown(self) -> None:
        pass


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    clusters: list[FakeCluster] = []

    def make(agent: FakeAgent, framework_id: str, info: Message) -> RecordedExecutor:
        return RecordedExecutor(agent, framework_id, clusters)

    with FakeCluster(make, total=TOTAL, masters=1, hostname="127.0.0.1") as cluster:
        clusters.append(cluster)
        yield cluster


class Client:
    """Sends recorded calls, with the ids of this cluster in place of those recorded."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self.offers: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self._open: list[http.client.HTTPConnection | http.client.HTTPResponse] = []
        self._reader: threading.Thread | None = None
        self._acknowledges = True
        self._lock = threading.Lock()
        self.stream_id = ""
        self.framework_id = ""
        self._recorded_framework = ""

    def send(self, recorded: Exchange) -> http.client.HTTPResponse:
        host, port = self._cluster.leader.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=SECONDS)
        body = recorded.body
        for old, new in {**self.offers, self._recorded_framework or "—": self.framework_id}.items():
            body = body.replace(f'"{old}"', f'"{new}"')
        body = body.replace(RECORDED_MASTER, self._cluster.leader.master_id)
        connection.putrequest(recorded.method, recorded.path, skip_host=True, skip_accept_encoding=True)
        for name, value in recorded.headers.items():
            given = {"Content-Length": str(len(body)), "Mesos-Stream-Id": self.stream_id or value}.get(name, value)
            connection.putheader(name, given)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        self._open += [connection, answer]
        return answer

    def stop_acknowledging(self) -> None:
        """Before the stream is cut."""
        with self._lock:
            self._acknowledges = False

    def close(self) -> None:
        """After the stream was cut."""
        if self._reader is not None:
            join(self._reader)
        for one in self._open:
            one.close()

    def subscribe(self, recorded: Exchange) -> http.client.HTTPResponse:
        """Follow the stream in a thread, and acknowledge updates."""
        answer = self.send(recorded)
        self.stream_id = answer.headers["Mesos-Stream-Id"]
        self._reader = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._reader.start()
        first = self.wait_for("SUBSCRIBED", 1)[0]
        self._recorded_framework = recorded.events[0]["subscribed"]["framework_id"]["value"]
        self.framework_id = first["subscribed"]["framework_id"]["value"]
        offer = self.wait_for("OFFERS", 1)[0]["offers"]["offers"][0]
        recorded_offers = [one for one in recorded.events if one["type"] == "OFFERS"]
        self.offers[recorded_offers[0]["offers"]["offers"][0]["id"]["value"]] = offer["id"]["value"]
        return answer

    def wait_for(self, kind: str, number: int) -> list[dict[str, Any]]:
        def come() -> list[dict[str, Any]]:
            return [one for one in list(self.events) if one["type"] == kind]

        return until(come, lambda found: len(found) >= number, told=lambda: self.events)

    def wait_for_state(self, task_id: str, state: str) -> None:
        def states() -> list[str]:
            updates = [one["update"]["status"] for one in list(self.events) if one["type"] == "UPDATE"]
            return [one["state"] for one in updates if one["task_id"]["value"] == task_id]

        until(states, lambda found: state in found)

    def _read(self, answer: http.client.HTTPResponse) -> None:
        while line := answer.readline():
            event = json.loads(answer.read(int(line)))
            self.events.append(event)
            if event["type"] == "UPDATE" and "uuid" in event["update"]["status"]:
                with self._lock:
                    if self._acknowledges:
                        self._acknowledge(event["update"]["status"])

    def _acknowledge(self, status: Message) -> None:
        call = {
            "type": "ACKNOWLEDGE",
            "framework_id": {"value": self.framework_id},
            "acknowledge": {key: status[key] for key in ("agent_id", "task_id", "uuid")},
        }
        headers = {"Content-Type": "application/json", "Mesos-Stream-Id": "x"}
        answer = self.send(Exchange("POST", "/api/v1/scheduler", headers | {"Content-Length": ""}, json.dumps(call)))
        assert answer.status == 202


@pytest.fixture
def client(cluster: FakeCluster) -> Iterator[Client]:
    client = Client(cluster)
    yield client
    client.stop_acknowledging()
    cluster.cut()
    client.close()


@pytest.mark.parametrize("recorded", FAULTS, ids=lambda one: f"{one.status} {one.answer[:40]}")
def test_a_faulty_call_is_refused_in_the_same_words(cluster: FakeCluster, client: Client, recorded: Exchange) -> None:
    answer = client.send(recorded)
    assert (answer.status, answer.read().decode().strip()) == (recorded.status, recorded.answer.strip())
    assert set(answer.headers) == set(recorded.answer_headers)


@pytest.mark.parametrize("name", ["probe", "pymesos-t1"])
def test_a_subscription_begins_in_the_same_way(cluster: FakeCluster, client: Client, name: str) -> None:
    recorded, _calls = subscription(name)
    answer = client.subscribe(recorded)
    assert answer.status == recorded.status
    assert set(answer.headers) == set(recorded.answer_headers)
    found = {one["type"]: without_frameworks(same(one, cluster.leader.master_id)) for one in client.events[:3]}
    assert found == {
        one["type"]: without_frameworks(same(one, RECORDED_MASTER))
        for one in recorded.events
        if one["type"] in {"SUBSCRIBED", "HEARTBEAT"} or one is first_offers(recorded)
    }


@pytest.mark.parametrize(
    ("name", "until"), [("pymesos-t1", "KILL"), ("t3", "ACCEPT"), ("pymesos-t2", "ACCEPT")], ids=lambda one: str(one)
)
def test_tasks_are_told_of_in_the_same_way(cluster: FakeCluster, client: Client, name: str, until: str) -> None:
    recorded, calls = subscription(name)
    client.subscribe(recorded)
    last = max(number for number, one in enumerate(calls) if one.call["type"] == until)
    for one in calls[: last + 1]:
        if one.call["type"] == "ACKNOWLEDGE":
            continue
        if one.call["type"] == "KILL" and name == "pymesos-t1":
            client.wait_for_state("kill", "TASK_RUNNING")
        answer = client.send(one)
        assert (answer.status, answer.read()) == (one.status, b"")
        assert set(answer.headers) == set(one.answer_headers)
        expected = by_task(recorded.events, RECORDED_MASTER)
    client.wait_for("UPDATE", sum(map(len, expected.values())))
    assert by_task(client.events, cluster.leader.master_id) == expected
    failures = [same(one, RECORDED_MASTER) for one in recorded.events if one["type"] == "FAILURE"]
    assert [same(one, cluster.leader.master_id) for one in client.events if one["type"] == "FAILURE"] == failures


def test_an_id_never_heard_of_is_accepted(cluster: FakeCluster, client: Client) -> None:
    recorded = exchanges()[-1][0]
    client.subscribe(recorded)
    assert client.framework_id == "gone"


def first_offers(recorded: Exchange) -> dict[str, Any]:
    return next(one for one in recorded.events if one["type"] == "OFFERS")


def without_frameworks(event: dict[str, Any]) -> Any:
    return json.loads(json.dumps(event).replace("MASTER-0003", "F").replace("MASTER-0000", "F"))


def by_task(events: list[dict[str, Any]], master_id: str) -> dict[str, list[Any]]:
    """Updates, by task, in their order; of different tasks it is chance."""
    found: dict[str, list[Any]] = {}
    for one in events:
        if one["type"] == "UPDATE":
            found.setdefault(one["update"]["status"]["task_id"]["value"], []).append(same(one, master_id))
    return found


def test_agents_are_known_from_either_answer_that_was_recorded() -> None:
    """Of the operator API, and of the endpoint that was there before it."""
    lines = (FILE.parent / "operator-api.txt").read_text(encoding="utf-8").splitlines()
    old = next(line for line in lines if line.startswith('{"slaves"'))
    new = json.loads(next(line for line in lines if line.startswith('{"type":"GET_AGENTS"')))
    (agent,) = old_agents(old.encode())
    (same_agent,) = new["get_agents"]["agents"]
    for key in ("id", "hostname", "port"):
        assert agent["agent_info"][key] == same_agent["agent_info"][key]
    assert scalars(agent["total_resources"]) == scalars(same_agent["total_resources"])
