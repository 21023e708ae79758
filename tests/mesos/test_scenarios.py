"""What becomes of jobs whatever happens to masters, agents, the network and Scale itself."""

import time
from pathlib import Path

import pytest

from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import ToldExecutor, telling
from fakes.mesos.faults import basic
from fakes.mesos.site import calls, finish_all, site_on
from fakes.waiting import until
from scale_core.db.models import Job, JobExecution, Node
from scale_core.services.node_admin import NodeAdmin, SchedulerAdmin
from scale_core.services.serialization import SerializerContext
from scale_engine_mesos.engine import MesosEngine
from scale_engine_mesos.framework import FRAMEWORK_ID


def test_jobs_run_on_all_nodes_which_appear_with_what_they_have(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), agents=3)
    with site_on(cluster, tmp_path) as site:
        site.jobs(30)
        site.until(site.are_done)
        site.check(cluster)
        assert len({executor.agent.agent_id for executor in executors}) == 3
        nodes = site.world.all(Node)
        assert [one.slave_id for one in nodes] == [agent.agent_id for agent in cluster.agents]
        assert [(one.hostname, one.port, one.cpus_total) for one in nodes[:1]] == [("node-0.example", 5051, 3.9)]


def test_what_is_offered_is_kept_while_the_queue_has_more_for_it(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    """A pass looks at the head of the queue only; what it leaves is not given back before the rest was looked at."""
    cluster = FakeCluster(telling(executors), agents=50, allocation_interval=3600.0)
    with site_on(cluster, tmp_path) as site:
        site.jobs(200)
        cluster.leader.allocate()
        site.until(lambda: sum(len(agent.launched) for agent in cluster.agents) == 200)
        kinds = [one["type"] for one in list(cluster.leader.calls) if one["type"] in ("ACCEPT", "DECLINE")]
        assert "DECLINE" not in kinds[: len(calls(cluster, "ACCEPT"))]


WITH_GPUS = {"cpus": 4_000, "mem": 4_096_000, "disk": 10_240_000, "gpus": 1_000}


def test_a_job_that_needs_gpus_runs_where_some_are_and_takes_them(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors), agents=3)
    cluster.agents[2].total = dict(WITH_GPUS)
    with site_on(cluster, tmp_path, gpus="on") as site:
        gpus = {"version": "1.0", "resources": {"gpus": 1.0}}
        trains = site.world.job_type("trains", cpus_required=0.5, custom_resources=gpus)
        site.jobs(2, trains)
        site.until(site.are_running(1))
        assert [len(agent.launched) for agent in cluster.agents] == [0, 0, 1]
        assert cluster.agents[2].used[site.engine._started()._driver.framework_id]["gpus"] == 1_000
        node = site.world.all(Node)[2]
        everything = SchedulerAdmin(site.world.context).status(SerializerContext(""))["resources"]
        of_node = NodeAdmin(site.world.context).get(node.id, SerializerContext(""))["resources"]
        for told in (everything, of_node):
            assert told is not None
            assert (told["total"]["custom"], told["scheduled"]["custom"]) == ({"gpus": 1.0}, {"gpus": 1.0})
        finish_all(executors)
        site.until(lambda: len(cluster.agents[2].launched) == 2)
        finish_all(executors)
        site.until(site.are_done)
        site.check(cluster)


def test_agents_with_gpus_are_offered_to_those_who_ask_for_them_only(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), agents=2)
    cluster.agents[1].total = dict(WITH_GPUS)
    with site_on(cluster, tmp_path) as site:
        site.jobs(20)
        site.until(site.are_done)
        assert len(cluster.agents[1].launched) == 0


def test_lost_updates_are_taken_when_they_come_again(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    with site_on(cluster, tmp_path) as site:
        cluster.leader.lost_updates = 3
        site.jobs(5)
        site.until(site.are_done)
        site.check(cluster)


def test_updates_that_come_again_and_again_change_nothing(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    with site_on(cluster, tmp_path) as site:
        cluster.leader.lost_calls.add("ACKNOWLEDGE")
        site.jobs(3)
        site.until(site.are_done)
        for _ in range(3):
            cluster.agents[0].resend_all()
            site.scheduler.run_once()
        assert cluster.agents[0].states(site.memory.get(FRAMEWORK_ID) or "") != {}
        cluster.leader.lost_calls.clear()
        site.kill()
        site.start()
        site.until(lambda: not cluster.agents[0].states(site.memory.get(FRAMEWORK_ID) or ""))
        site.check(cluster)


def test_what_ran_on_a_lost_agent_runs_elsewhere_and_is_killed_when_the_agent_is_back(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors), agents=2)
    with site_on(cluster, tmp_path) as site:
        site.jobs(2)
        site.until(site.are_running(2))
        lost = executors[0].agent
        ran_there = set(executors[0].plans)
        cluster.leader.lose(lost.agent_id)

        def elsewhere() -> list[ToldExecutor]:
            return [one for one in executors if one.agent is not lost]

        site.until(lambda: sum(len(one.plans) for one in elsewhere()) >= 2)
        retried = [one for one in site.world.all(JobExecution) if one.id in ran_there]
        assert {one.status for one in retried} == {"FAILED"}
        assert {one.num_exes for one in site.world.all(Job)} >= {2}
        cluster.leader.register(lost)

        def is_killed_there() -> bool:
            site.scheduler._reconciled = float("-inf")  # what is asked too early tells nothing of it yet
            return set(executors[0].killed) == ran_there

        site.until(is_killed_there)
        finish_all(elsewhere())
        site.until(site.are_done)
        site.check(cluster)


def test_a_master_that_fails_in_the_middle_of_a_launch_loses_no_job(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), agents=2)
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(site.engine.nodes()))
        cluster.leader.lost_calls.add("ACCEPT")
        site.jobs(3)
        site.until(lambda: bool(calls(cluster, "ACCEPT")))
        cluster.fail_over(reregister=False)
        site.until(lambda: bool(calls(cluster, "SUBSCRIBE")))
        cluster.agents_return()
        site.until(site.are_done)
        site.check(cluster)


def test_a_master_that_fails_while_jobs_run_disturbs_none(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors), agents=2)
    with site_on(cluster, tmp_path) as site:
        site.jobs(4)
        site.until(site.are_running(4))
        cluster.fail_over(reregister=False)
        finish_all(executors)
        cluster.agents_return()
        site.until(site.are_done)
        site.check(cluster)
        assert {one.num_exes for one in site.world.all(Job)} == {1}


def test_a_scale_that_is_killed_before_it_launched_launches_anew(
    tmp_path: Path, executors: list[ToldExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(site.engine.nodes()))
        site.jobs(3)
        with monkeypatch.context() as patched:
            patched.setattr(MesosEngine, "launch", lambda *_given: None)
            site.until(lambda: site.statuses()["RUNNING"] == 3)
        site.kill()
        site.start()
        site.until(site.are_done)
        site.check(cluster)


def test_a_scale_that_is_killed_before_it_recorded_an_end_is_told_again(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors))
    with site_on(cluster, tmp_path) as site:
        site.jobs(3)
        site.until(site.are_running(3))
        finish_all(executors)
        until(lambda: len(site.scheduler._inbox._events) >= 3)
        site.kill()
        assert site.statuses() == {"RUNNING": 3}
        site.start()
        site.until(site.are_done)
        site.check(cluster)
        assert {one.num_exes for one in site.world.all(Job)} == {1}


def test_jobs_run_on_while_scale_is_away_under_the_same_framework(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors))
    with site_on(cluster, tmp_path) as site:
        site.jobs(2)
        site.until(site.are_running(2))
        framework_id = site.memory.get(FRAMEWORK_ID)
        site.kill()
        finish_all(executors)
        site.start()
        site.until(site.are_done)
        site.check(cluster)
        assert site.memory.get(FRAMEWORK_ID) == framework_id
        assert list(cluster.leader.frameworks) == [framework_id]


def test_a_report_in_pieces_is_put_together_even_by_another_process(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors))
    with site_on(cluster, tmp_path) as site:
        site.jobs(1)
        site.until(site.are_running(1))
        (number,) = executors[0].plans
        cluster.leader.lost_updates = 1
        executors[0].finish(number, piece_bytes=20)
        site.until(lambda: site.memory.get(f"report-{number}-0") is not None)
        site.kill()
        site.start()
        site.until(site.are_done)
        site.check(cluster)
        assert site.memory.get(f"report-{number}-0") is None


def test_a_framework_that_mesos_removed_begins_anew(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(site.engine.nodes()))
        first = site.memory.get(FRAMEWORK_ID)
        with cluster.leader.lock:
            cluster.leader.remove(cluster.leader.frameworks[first or ""])
        site.jobs(2)
        site.until(site.are_done)
        site.check(cluster)
        assert site.memory.get(FRAMEWORK_ID) != first


def test_missed_heartbeats_have_the_link_made_again(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), heartbeat=0.1)
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(site.engine.nodes()))
        cluster.beats = False
        site.until(lambda: len(calls(cluster, "SUBSCRIBE")) >= 2)
        cluster.beats = True
        site.jobs(2)
        site.until(site.are_done)
        site.check(cluster)


def test_the_state_of_the_link_is_told(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors), agents=2)
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(site.engine.nodes()))
        site.scheduler._beaten = float("-inf")
        site.scheduler.run_once()
        admin = SchedulerAdmin(site.world.context)
        master = admin.status(SerializerContext(""))["master"]
        host, port = cluster.leader.address.split(":")
        assert (master["hostname"], master["port"], master["is_online"]) == (host, int(port), True)
        assert master["last_heard"] is not None
        site.engine.stop(1.0)
        link = site.engine.link()
        assert (link.is_online, link.offers_held) == (False, 0)


def test_canceled_jobs_are_killed(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors))
    with site_on(cluster, tmp_path) as site:
        site.jobs(1)
        site.until(site.are_running(1))
        (number,) = executors[0].plans
        site.engine.kill(number)
        site.until(lambda: site.world.all(JobExecution)[0].status != "RUNNING")
        assert executors[0].killed == [number]


def test_slow_streams_with_huge_offers_are_read(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), agents=300, allocation_interval=0.5)
    with site_on(cluster, tmp_path) as site:
        cluster.slow_down(0.002)
        cluster.cut()
        site.jobs(5)
        site.until(site.are_done)
        site.check(cluster)


def test_a_thousand_agents_are_used(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    cluster = FakeCluster(telling(executors, at_once=True), agents=1000, allocation_interval=1.0)
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: len(site.engine.nodes()) == 1000)
        site.jobs(100, site.world.job_type("large", cpus_required=3.5))
        site.until(site.are_done)
        site.check(cluster)
        assert len({executor.agent.agent_id for executor in executors}) > 50


def test_offers_are_given_back_when_nothing_waits_and_asked_for_when_something_does(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors, at_once=True))
    with site_on(cluster, tmp_path) as site:
        site.until(lambda: bool(calls(cluster, "DECLINE")))
        assert calls(cluster, "DECLINE")[0]["decline"]["filters"] == {"refuse_seconds": 3600.0}
        assert site.engine.offers() == []
        site.jobs(1)
        site.until(site.are_done)
        assert calls(cluster, "REVIVE")
        assert len(calls(cluster, "ACCEPT")) == 1


def test_an_agent_to_be_maintained_gets_nothing_more_and_is_let_go_when_it_is_empty(
    tmp_path: Path, executors: list[ToldExecutor]
) -> None:
    cluster = FakeCluster(telling(executors), agents=2)
    with site_on(cluster, tmp_path) as site:
        site.jobs(1)
        site.until(site.are_running(1))
        busy = executors[0].agent
        cluster.leader.maintain(busy.agent_id, time.time() + 3600)
        site.until(lambda: bool(calls(cluster, "DECLINE_INVERSE_OFFERS")))
        site.jobs(3)
        site.until(site.are_running(4))
        assert len(executors[0].plans) == 1
        finish_all(executors)
        site.until(site.are_done)
        cluster.leader.maintain(busy.agent_id, time.time() + 3600)
        site.until(lambda: bool(calls(cluster, "ACCEPT_INVERSE_OFFERS")))


def test_a_secret_is_shown_and_a_wrong_one_is_asked_for_again(tmp_path: Path, executors: list[ToldExecutor]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    cluster = FakeCluster(telling(executors, at_once=True), credential=basic("scale", "right"))
    with site_on(cluster, tmp_path, principal="scale", secret_file=str(secret)) as site:
        time.sleep(0.3)
        site.scheduler.run_once()
        assert site.engine.nodes() == []
        site.kill()
        secret.write_text("right\n")
        site.start()
        site.jobs(1)
        site.until(site.are_done)
