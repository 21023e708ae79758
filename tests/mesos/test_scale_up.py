"""``scale up`` on Mesos, as a process, with real executors on its agents."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from fakes.mesos.cluster import FakeCluster
from fakes.pipeline import STEPS, build_pipeline, expected_product
from fakes.running import SCALE, RunningScale, transfer
from fakes.shell import Shell
from fakes.traffic import SEED, Traffic, await_quiet, check_books


def test_two_variables_are_all_that_a_first_try_needs(scale: RunningScale, cluster: FakeCluster) -> None:
    agents = {agent.agent_id for agent in cluster.agents}
    scale.wait(lambda: {one["slave_id"] for one in scale.results("/nodes/")} == agents)
    job = scale.ended(Shell(scale).run("greets", "echo hello"))
    assert (job["status"], job["num_exes"]) == ("COMPLETED", 1)
    the_clock_and_it = 2
    scale.wait(lambda: sum(len(agent.launched) for agent in cluster.agents) == the_clock_and_it)
    assert "Traceback" not in scale.log.read_text()


def test_a_job_runs_on_while_scale_is_stopped_and_started(scale: RunningScale, cluster: FakeCluster) -> None:
    job_id = Shell(scale).run("lasts", "sleep 4")
    scale.in_status(job_id, "RUNNING")
    assert scale.stop() == 0
    scale.start()
    job = scale.ended(job_id)
    assert (job["status"], job["num_exes"]) == ("COMPLETED", 1)


def test_a_file_becomes_products_on_the_cluster(scale: RunningScale, cluster: FakeCluster) -> None:
    pipeline = build_pipeline(scale)
    transfer(pipeline.incoming, "night.txt", b"a file\n")
    products = scale.wait(lambda: len(found := scale.results("/products/")) == len(STEPS) and found)
    assert {one["job_type"]["name"] for one in products} == set(STEPS)
    for product in products:
        (stored,) = pipeline.products.rglob(product["file_name"])
        assert stored.read_text() == expected_product(product["job_type"]["name"], "a file\n")
    scale.wait(lambda: scale.get("/jobs/", job_type_name=list(STEPS), status="COMPLETED")["count"] == len(STEPS))
    (ingest,) = scale.results("/job-executions/", job_type_name="scale-ingest")
    execution = scale.get(f"/job-executions/{ingest['id']}/")
    assert execution["node"]["slave_id"] in {agent.agent_id for agent in cluster.agents}
    assert (execution["status"], execution["job_exit_code"]) == ("COMPLETED", 0)
    scale.wait(lambda: not list((pipeline.incoming / "ingesting").iterdir()))
    clock_strike_and_ingest = 3
    assert sum(len(agent.launched) for agent in cluster.agents) == len(STEPS) + clock_strike_and_ingest
    assert cluster.processes is not None
    assert len(cluster.processes.made) <= len(cluster.agents)


def test_logs_are_shown_while_a_job_runs_and_when_its_executor_is_gone(
    scale: RunningScale, cluster: FakeCluster
) -> None:
    shell = Shell(scale)
    job_id = shell.run("talks", "echo first; while ! test -e $HOME/go; do sleep 0.1; done; echo second")
    shell.await_stdout(job_id, "first\n")
    assert cluster.processes is not None
    (execution,) = scale.results("/job-executions/", job_type_name="talks")
    folders = {one.sandbox / "executions" / str(execution["id"]): one for one in cluster.processes.made}
    ((folder, executor),) = [(one, executor) for one, executor in folders.items() if one.exists()]
    (folder / "go").touch()
    assert scale.ended(job_id)["status"] == "COMPLETED"
    scale.wait(lambda: not folder.exists())
    executor.crash()
    assert shell.stdout(job_id) == "first\nsecond\n"


@pytest.mark.slow
def test_agents_fetch_the_executor_where_it_is_not_installed(tmp_path: Path, cluster: FakeCluster) -> None:
    archive = tmp_path / "executor.tar.gz"
    subprocess.run([SCALE, "mesos-archive", archive], check=True, stdout=subprocess.DEVNULL)
    master = cluster.masters.split(",")[0]
    running = RunningScale(tmp_path / "data", engine="mesos", mesos_master=master, mesos_executor_uri=archive.as_uri())
    running.start()
    try:
        job = running.ended(Shell(running).run("greets", "echo hello"))
        assert (job["status"], job["num_exes"]) == ("COMPLETED", 1)
    finally:
        running.stop()
        running.http.close()
    assert cluster.processes is not None
    for executor in cluster.processes.made:
        assert (executor.sandbox / "scale-mesos-executor" / "pyvenv.cfg").is_file()


@pytest.mark.slow
def test_killed_again_and_again_nothing_is_lost_and_nothing_done_twice(
    scale: RunningScale, cluster: FakeCluster
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    pipeline = build_pipeline(scale)
    with Traffic(scale, pipeline) as traffic:
        for number in range(4):
            time.sleep(chance.uniform(0.2, 1.5))
            scale.kill()
            if number % 2:
                cluster.fail_over()
                cluster.fail_over()
            scale.start()
    assert traffic.accepted
    await_quiet(scale, len(traffic.sent))
    assert scale.stop() == 0
    check_books(scale, pipeline, traffic)
    launched = [task for agent in cluster.agents for task in agent.launched]
    assert len(set(launched)) == len(launched)
