"""How the link to a master is found and secured."""

import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.certificates import certificate
from fakes.engine import no_agent
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import telling
from fakes.waiting import SECONDS, until, until_equal
from scale_core.interfaces.engine import EngineSettings
from scale_core.testing.runs import RecordingListener
from scale_engine_mesos import following
from scale_engine_mesos.cluster import Cluster
from scale_engine_mesos.driver import Driver
from scale_engine_mesos.engine import MesosEngine


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., MesosEngine]:
    def start(**options: str) -> MesosEngine:
        engine = MesosEngine(EngineSettings(tmp_path, options))
        engine.start(RecordingListener(), no_agent)
        return engine

    return start


def test_an_encrypted_link_is_made_to_a_master_that_shows_its_certificate(
    tmp_path: Path, started: Callable[..., MesosEngine]
) -> None:
    file = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    with FakeCluster(telling([]), tls=tls) as cluster:
        engine = started(master=cluster.masters, tls_ca=str(file))
        try:
            until(lambda: bool(engine.nodes() and engine.offers()))
            engine.settle_offers(wanted=False)
            until(lambda: any(one["type"] == "DECLINE" for one in cluster.leader.calls))
        finally:
            engine.stop(1.0)


def test_no_link_is_made_to_a_master_that_is_not_known(tmp_path: Path, started: Callable[..., MesosEngine]) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(tmp_path))
    with FakeCluster(telling([]), tls=tls) as cluster:
        engine = started(master=cluster.masters, tls_ca="system")
        try:
            until(lambda: engine.link().port is not None)
            assert not cluster.leader.calls
        finally:
            engine.stop(1.0)


def test_a_master_that_does_not_lead_says_who_does(tmp_path: Path, started: Callable[..., MesosEngine]) -> None:
    with FakeCluster(telling([])) as cluster:
        follower = next(one for one in cluster.masters.split(",") if one != cluster.leader.address)
        engine = started(master=follower)
        try:
            until(lambda: bool(engine.nodes()))
            assert f"127.0.0.1:{engine.link().port}" == cluster.leader.address
        finally:
            engine.stop(1.0)


def test_an_answer_that_comes_when_the_link_is_lost_tells_of_no_node(
    started: Callable[..., MesosEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    agents, set_agents = Driver.agents, Cluster.set_agents
    lose_all = Cluster.lose_all
    has_answered, is_lost, is_taken = threading.Event(), threading.Event(), threading.Event()

    def answered_late(driver: Driver) -> list[dict[str, Any]]:
        answer = agents(driver)
        has_answered.set()
        assert is_lost.wait(SECONDS)
        return answer

    def taken(cluster: Cluster, answer: list[dict[str, Any]]) -> bool:
        has_changed = set_agents(cluster, answer)
        is_taken.set()
        return has_changed

    def lost(cluster: Cluster) -> None:
        lose_all(cluster)
        is_lost.set()

    monkeypatch.setattr(following, "FIRST_PAUSE", 3600.0)  # no other link is made
    monkeypatch.setattr(Driver, "agents", answered_late)
    monkeypatch.setattr(Cluster, "lose_all", lost)
    monkeypatch.setattr(Cluster, "set_agents", taken)
    with FakeCluster(telling([])) as cluster:
        engine = started(master=cluster.masters)
        try:
            assert has_answered.wait(SECONDS)
            cluster.cut()
            assert is_taken.wait(SECONDS)
            until_equal(engine.nodes, [])
        finally:
            engine.stop(1.0)


def test_a_framework_that_another_scheduler_took_over_lets_it_work(
    tmp_path: Path, started: Callable[..., MesosEngine]
) -> None:
    with FakeCluster(telling([])) as cluster:
        engine = started(master=cluster.masters)
        try:
            until(lambda: bool(engine.nodes()))
            (call,) = (one for one in cluster.leader.calls if one["type"] == "SUBSCRIBE")
            (framework_id,) = cluster.leader.frameworks
            info = call["subscribe"]["framework_info"] | {"id": {"value": framework_id}}
            again = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}, "framework_id": info["id"]}
            cluster.leader.subscribe(again)
            until(lambda: not engine.link().is_online)
            assert [one["type"] for one in cluster.leader.calls].count("SUBSCRIBE") == 2
        finally:
            engine.stop(1.0)
