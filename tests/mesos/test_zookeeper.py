"""A real ZooKeeper tells which master leads."""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest
from kazoo.client import KazooClient
from kazoo.security import make_digest_acl

from fakes.engine import no_agent
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import telling
from fakes.waiting import SECONDS, until
from fakes.zookeeper_server import zookeeper_server
from scale_core.interfaces.engine import EngineSettings, OptionError
from scale_core.testing.runs import RecordingListener
from scale_engine_mesos.engine import MesosEngine
from scale_engine_mesos.options import Options
from scale_engine_mesos.zookeeper import ZooKeeper

__all__ = ["zookeeper_server"]


class Masters:
    """Stands in line for masters, in a folder of ZooKeeper's that is not there until the first does."""

    def __init__(self, server: str) -> None:
        self.folder = f"/{uuid.uuid4().hex}/mesos"
        self.address = f"zk://{server}{self.folder}"
        self.client = KazooClient(server)
        self.client.start()

    def announce(self, address: str) -> str:
        """A master comes; the name of its node."""
        host, port = address.split(":")
        about = {"address": {"hostname": host, "ip": host, "port": int(port)}, "id": str(uuid.uuid4())}
        return str(
            self.client.create(f"{self.folder}/json.info_", json.dumps(about).encode(), sequence=True, makepath=True)
        )

    def close(self) -> None:
        """They are gone."""
        self.client.stop()
        self.client.close()


@pytest.fixture
def masters(zookeeper_server: str) -> Iterator[Masters]:
    masters = Masters(zookeeper_server)
    yield masters
    masters.close()


@pytest.fixture
def told() -> "SimpleQueue[str | None]":
    return SimpleQueue()


@pytest.fixture
def following(masters: Masters, told: "SimpleQueue[str | None]") -> Iterator[ZooKeeper]:
    one = ZooKeeper(masters.address, told.put)
    one.start()
    yield one
    one.stop()


def await_told(told: "SimpleQueue[str | None]", expected: str | None) -> None:
    """Wait until that is told."""
    while told.get(timeout=SECONDS) != expected:
        pass


def test_nobody_leads_until_a_master_has_made_the_folder(
    masters: Masters, told: "SimpleQueue[str | None]", following: ZooKeeper
) -> None:
    assert told.get(timeout=SECONDS) is None
    masters.announce("10.0.0.1:5050")
    await_told(told, "10.0.0.1:5050")


def test_the_first_in_line_leads_and_the_next_when_it_is_gone(
    masters: Masters, told: "SimpleQueue[str | None]", following: ZooKeeper
) -> None:
    masters.client.create(f"{masters.folder}/log_replicas", makepath=True)
    nodes = [masters.announce(f"10.0.0.{number}:5050") for number in (1, 2)]
    await_told(told, "10.0.0.1:5050")
    masters.client.delete(nodes[0])
    await_told(told, "10.0.0.2:5050")
    masters.client.delete(nodes[1])
    await_told(told, None)


def test_after_a_lost_session_what_has_changed_is_told(
    masters: Masters, told: "SimpleQueue[str | None]", following: ZooKeeper
) -> None:
    first = masters.announce("10.0.0.1:5050")
    await_told(told, "10.0.0.1:5050")
    same = KazooClient(masters.address.split("/")[2], client_id=following._client.client_id)
    same.start()
    same.stop()  # ends the session for both who have it
    same.close()
    masters.announce("10.0.0.2:5050")
    masters.client.delete(first)
    await_told(told, "10.0.0.2:5050")


def test_what_a_master_announces_that_is_not_understood_counts_as_nobody(
    masters: Masters, told: "SimpleQueue[str | None]", following: ZooKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    masters.client.create(f"{masters.folder}/json.info_0000000000", b"\x0a\x05", makepath=True)
    masters.announce("10.0.0.1:5050")
    until(lambda: "is not understood" in caplog.text)
    masters.client.delete(f"{masters.folder}/json.info_0000000000")
    await_told(told, "10.0.0.1:5050")


def has_nodes_at(engine: MesosEngine, address: str) -> bool:
    return bool(engine.nodes()) and f"127.0.0.1:{engine.link().port}" == address


def test_the_link_follows_what_zookeeper_says(tmp_path: Path, masters: Masters) -> None:
    with FakeCluster(telling([])) as cluster:
        engine = MesosEngine(EngineSettings(tmp_path, {"master": masters.address}))
        engine.start(RecordingListener(), no_agent)
        try:
            assert engine.nodes() == []
            for _ in range(2):
                node = masters.announce(cluster.leader.address)
                until(partial(has_nodes_at, engine, cluster.leader.address))
                cluster.fail_over()
                masters.client.delete(node)
            until(lambda: not engine.link().is_online)
        finally:
            engine.stop(1.0)


def test_a_credential_for_zookeeper_is_shown(masters: Masters, zookeeper_server: str) -> None:
    acl = [make_digest_acl("scale", "secret", read=True), make_digest_acl("mesos", "other", all=True)]
    masters.client.create(masters.folder, makepath=True)
    masters.announce("10.0.0.1:5050")
    masters.client.set_acls(masters.folder, acl)
    told: SimpleQueue[str | None] = SimpleQueue()
    one = ZooKeeper(f"zk://scale:secret@{zookeeper_server}{masters.folder}", told.put)
    one.start()
    try:
        assert told.get(timeout=SECONDS) == "10.0.0.1:5050"
    finally:
        one.stop()


@pytest.mark.parametrize("address", ["zk://one:2181", "zk:///mesos", "zk://a@one/mesos"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(OptionError, match="zk://"):
        Options.of({"master": address})
