"""Scale in several roles, and on what is reserved for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.mesos.agent import Message
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import ToldExecutor, telling
from fakes.mesos.site import Site, calls, finish_all, site_on
from fakes.waiting import SECONDS, until
from scale_core.db.models import Node

TWO_SHARES = {
    "cpus@eng": 2_000, "mem@eng": 2_048_000, "disk@eng": 10_240_000,
    "cpus@ops": 2_000, "mem@ops": 2_048_000, "disk@ops": 10_240_000,
}  # fmt: skip


def use(cluster: FakeCluster, site: Site) -> dict[str, int]:
    """What Scale uses of the first agent."""
    (framework_id,) = cluster.leader.frameworks
    return cluster.agents[0].used.get(framework_id, {})


def roles_of(call: Message) -> set[str]:
    """Whose resources the tasks of an ACCEPT use."""
    (operation,) = call["accept"]["operations"]
    tasks = operation["launch"]["task_infos"]
    entries = [one for task in tasks for part in (task, task["executor"]) for one in part["resources"]]
    return {one["allocation_info"]["role"] for one in entries}


def test_what_is_offered_to_each_role_is_used_by_launches_of_its_own(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors), total=dict(TWO_SHARES))
    with site_on(cluster, tmp_path, roles="eng,ops") as site:
        site.jobs(6)
        site.until(site.are_running(6))
        accepted = [roles_of(one) for one in calls(cluster, "ACCEPT")]
        assert {frozenset(one) for one in accepted} == {frozenset({"eng"}), frozenset({"ops"})}
        assert use(cluster, site)["cpus@eng"] == use(cluster, site)["cpus@ops"] == 3 * 500 + 100
        assert len(executors) == 2
        finish_all(executors)
        site.until(site.are_done)
        site.check(cluster)


def test_a_node_counts_for_what_it_may_give_to_one_execution(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    """Nothing waits for room on a node where it could never be offered together."""
    cluster = FakeCluster(telling(executors), total=TWO_SHARES | {"cpus": 1_000, "cpus@others": 9_000})
    with site_on(cluster, tmp_path, roles="eng,ops") as site:
        site.until(lambda: [one.cpus_total for one in site.world.all(Node)] == [pytest.approx(2.9)])


def test_when_nothing_waits_the_offers_to_all_roles_are_given_back_and_asked_for_again(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), total=dict(TWO_SHARES))
    with site_on(cluster, tmp_path, roles="eng,ops") as site:
        site.until(lambda: sum(len(one["decline"]["offer_ids"]) for one in calls(cluster, "DECLINE")) >= 2)
        until(lambda: not any(record.offers for record in cluster.leader.frameworks.values()))
        site.jobs(2)
        site.until(site.are_done)
        assert calls(cluster, "REVIVE")


@pytest.mark.parametrize("reserved", ["eng", "eng+somebody"])
@pytest.mark.parametrize("release", ["1.12.0", "1.3.0", "0.28.3"])
def test_what_is_reserved_goes_before_what_others_may_have(
    tmp_path: Path, executors: list[ToldExecutor], reserved: str, release: str
) -> None:
    """As agents have it from the beginning, or somebody reserved it since; as each release of Mesos tells it."""
    shares = {"cpus": 2_000, "mem": 2_048_000, "disk": 20_480_000}
    total = shares | {f"cpus@{reserved}": 2_000, f"mem@{reserved}": 1_024_000}
    cluster = FakeCluster(telling(executors), total=total, release=release)
    with site_on(cluster, tmp_path, roles="eng") as site:
        site.jobs(3)
        site.until(site.are_running(3))
        assert site.world.all(Node)[0].cpus_total == pytest.approx(3.9)
        used = use(cluster, site)
        assert used[f"cpus@{reserved}"] == 3 * 500 + 100
        assert used.get("cpus", 0) == 0
        site.jobs(2)
        site.until(site.are_running(5))
        assert use(cluster, site)["cpus"] == 600
        finish_all(executors)
        site.until(site.are_done)
        site.check(cluster)


def test_a_role_uses_what_is_reserved_for_the_one_above_it(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(
        telling(executors, at_once=True), total={f"{key}@eng": 10**6 for key in ("cpus", "mem", "disk")}
    )
    with site_on(cluster, tmp_path, roles="eng/dev") as site:
        site.jobs(2)
        site.until(site.are_done)
        site.check(cluster)


def test_after_a_start_the_executors_that_run_are_used_again(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors), total=dict(TWO_SHARES))
    with site_on(cluster, tmp_path, roles="eng,ops") as site:
        site.jobs(6)
        site.until(site.are_running(6))
        site.kill()
        site.start()
        finish_all(executors)
        site.until(site.are_done)
        site.jobs(6)
        site.until(lambda: sum(len(one.plans) for one in executors) == 12)
        assert len(executors) == 2
        finish_all(executors)
        site.until(site.are_done)
        site.check(cluster)


def test_a_role_that_the_master_does_not_know_is_named_with_its_option(
    tmp_path: Path, executors: list[ToldExecutor], caplog: pytest.LogCaptureFixture
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    cluster.leader.known_roles = {"ops"}
    with site_on(cluster, tmp_path, roles="ops,eng") as site:
        site.until(lambda: "Roles { eng } are not present" in caplog.text)
        assert "the option 'roles', SCALE_MESOS_ROLES, is 'ops,eng'" in caplog.text
        assert site.engine.nodes() == []
        cluster.leader.known_roles = None
        site.jobs(1)
        site.until(site.are_done)


def test_several_roles_are_too_many_for_an_old_master_which_is_said(
    tmp_path: Path, executors: list[ToldExecutor], caplog: pytest.LogCaptureFixture
) -> None:
    cluster = FakeCluster(telling(executors), release="0.28.3")
    with site_on(cluster, tmp_path, roles="eng,ops") as site:
        site.until(lambda: "Mesos 0.28.3 knows one role for a framework" in caplog.text)
        assert "SCALE_MESOS_ROLES" in caplog.text
        assert not calls(cluster, "SUBSCRIBE")


class Told:
    """The events that a framework of a test is told by the master itself."""

    def __init__(self, cluster: FakeCluster, **about: Any) -> None:
        self.master = cluster.leader
        info = {"user": "root", "name": "probe"} | about
        self.stream = self.master.subscribe({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
        self.framework_id = str(self.next("SUBSCRIBED")["framework_id"]["value"]) if "roles" in about else ""

    def next(self, kind: str) -> Message:
        while True:
            event = self.stream.events.get(timeout=SECONDS)
            assert event is not None
            if event["type"] == kind:
                content: Message = event[kind.lower()]
                return content

    def call(self, kind: str, **content: Any) -> None:
        call = {"type": kind, "framework_id": {"value": self.framework_id}, kind.lower(): content}
        self.master.call(call, self.stream.stream_id)


MULTI = [{"type": "MULTI_ROLE"}]


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(telling([]), total=dict(TWO_SHARES), allocation_interval=3600.0) as cluster:
        yield cluster


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"role": "eng", "capabilities": MULTI}, "'FrameworkInfo.role' must not be set"),
        ({"roles": ["eng"]}, "'FrameworkInfo.roles' must not be set"),
        ({"roles": ["eng", "eng"], "capabilities": MULTI}, "duplicate"),
    ],
)
def test_the_master_of_the_tests_refuses_roles_that_are_said_wrongly(
    cluster: FakeCluster, about: dict[str, Any], message: str
) -> None:
    info = {"user": "root", "name": "probe"} | about
    stream = cluster.leader.subscribe({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
    event = stream.events.get(timeout=SECONDS)
    assert event is not None
    assert message in event["error"]["message"]


def test_the_master_of_the_tests_takes_offers_to_one_role_only_in_one_accept(cluster: FakeCluster) -> None:
    told = Told(cluster, roles=["eng", "ops"], capabilities=MULTI)
    cluster.leader.allocate()
    offers = told.next("OFFERS")["offers"]
    assert sorted(one["allocation_info"]["role"] for one in offers) == ["eng", "ops"]
    task = {"task_id": {"value": "t"}, "agent_id": offers[0]["agent_id"], "command": {}, "resources": []}
    operations = [{"type": "LAUNCH", "launch": {"task_infos": [task]}}]
    told.call("ACCEPT", offer_ids=[one["id"] for one in offers], operations=operations)
    assert "must be allocated to the same role" in told.next("UPDATE")["status"]["message"]


def test_the_master_of_the_tests_suppresses_and_revives_roles_one_by_one(cluster: FakeCluster) -> None:
    told = Told(cluster, roles=["eng", "ops"], capabilities=MULTI)
    told.call("SUPPRESS", roles=["eng"])
    cluster.leader.allocate()
    assert [one["allocation_info"]["role"] for one in told.next("OFFERS")["offers"]] == ["ops"]
    told.call("REVIVE", roles=["eng"])
    assert [one["allocation_info"]["role"] for one in told.next("OFFERS")["offers"]] == ["eng"]
