"""The life of a job, on one running Scale: timeouts, tries, cancellation, pauses, limits, priorities, products."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.processes import await_none, commands_of
from fakes.running import RunningScale, transfer
from fakes.shell import Shell

pytestmark = pytest.mark.xdist_group("job life")  # one Scale for all

CPUS = 4


@pytest.fixture(scope="module")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningScale]:
    """One for all these tests; each has job types of its own."""
    running = RunningScale(tmp_path_factory.mktemp("life") / "data", engine_cpus=str(CPUS), engine_mem="4096")
    running.start()
    yield running
    assert running.stop() == 0
    running.http.close()


@pytest.fixture
def shell(scale: RunningScale) -> Shell:
    return Shell(scale)


@pytest.fixture(scope="module")
def source(scale: RunningScale) -> dict[str, Any]:
    """A source file of two and a half MiB."""
    scale.workspace("raw")
    transfer(scale.strike("files", "raw"), "large.bin", b"x" * (5 << 19))
    found: dict[str, Any] = scale.wait(lambda: scale.results("/sources/"))[0]
    return found


@pytest.fixture(scope="module")
def products(scale: RunningScale) -> int:
    """The id of a workspace."""
    return scale.workspace("products")


def executions(job: dict[str, Any]) -> list[str]:
    """Statuses of a job's executions, the first one first."""
    return [one["status"] for one in sorted(job["job_exes"], key=lambda one: int(one["id"]))]


def folder(scale: RunningScale, job: dict[str, Any]) -> Path:
    """The folder of a job's last execution."""
    return scale.data_dir / "executions" / str(max(one["id"] for one in job["job_exes"]))


class TestEnds:
    def test_a_timeout_ends_all_processes_of_the_job_however_stubborn(self, shell: Shell, scale: RunningScale) -> None:
        script = "trap '' TERM\nsh -c 'trap \"\" TERM; while :; do sleep 1; done' &\nwhile :; do sleep 1; done"
        job = scale.ended(shell.run("stubborn", script, timeout=1))
        assert (job["status"], job["error"]["name"], executions(job)) == ("FAILED", "timeout", ["FAILED"])
        assert await_none(commands_of, folder(scale, job)) == {}

    def test_each_try_is_an_execution_of_its_own(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        count = tmp_path / "count"
        script = f"echo >>{count}; echo $SCALE_EXECUTION_ID; exit 3"
        job = scale.ended(shell.run("never", script, max_tries=3))
        assert (job["status"], job["error"]["name"], job["num_exes"]) == ("FAILED", "algorithm-unknown", 3)
        assert executions(job) == ["FAILED", "FAILED", "FAILED"]
        assert count.read_text() == "\n\n\n"
        for one in job["job_exes"]:
            assert scale.http.get(f"/job-executions/{one['id']}/logs/stdout/").text == f"{one['id']}\n"

    def test_tries_stop_at_the_first_that_works(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        script = f"test -e {tmp_path}/second && exit 0; touch {tmp_path}/second; exit 1"
        job = scale.ended(shell.run("second", script, max_tries=5))
        assert (job["status"], job["error"], executions(job)) == ("COMPLETED", None, ["FAILED", "COMPLETED"])

    def test_a_requeued_job_has_all_its_tries_again(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        script = f"test -e {tmp_path}/fixed || exit 1"
        job_id = shell.run("fixable", script, max_tries=2)
        assert executions(scale.ended(job_id)) == ["FAILED"] * 2
        scale.http.post("/queue/requeue-jobs/", json={"job_ids": [job_id]})
        scale.wait(lambda: scale.get(f"/jobs/{job_id}/")["num_exes"] == 4)
        assert executions(scale.ended(job_id)) == ["FAILED"] * 4
        (tmp_path / "fixed").touch()
        scale.http.post("/queue/requeue-jobs/", json={"job_ids": [job_id]})
        job = scale.in_status(job_id, "COMPLETED")
        assert (executions(job)[-1], job["num_exes"], job["error"]) == ("COMPLETED", 5, None)


class TestCancel:
    def cancel(self, scale: RunningScale, job_id: int) -> str:
        return str(scale.change(f"/jobs/{job_id}/", {"status": "CANCELED"})["status"])

    def test_while_it_runs_and_once_it_failed_and_not_once_it_completed(
        self, shell: Shell, scale: RunningScale
    ) -> None:
        running = shell.run("runs-on", "echo begun; sleep 1000")
        shell.await_stdout(running, "begun")
        assert self.cancel(scale, running) == "CANCELED"
        scale.wait(lambda: executions(scale.get(f"/jobs/{running}/")) == ["CANCELED"])
        assert await_none(commands_of, folder(scale, scale.get(f"/jobs/{running}/"))) == {}

        failed = scale.ended(shell.run("fails", "exit 1"))
        assert self.cancel(scale, failed["id"]) == "CANCELED"
        assert executions(scale.get(f"/jobs/{failed['id']}/")) == ["FAILED"]

        completed = scale.ended(shell.run("completes", "exit 0"))
        refused = scale.http.patch(f"/jobs/{completed['id']}/", json={"status": "CANCELED"})
        assert refused.is_client_error
        assert scale.get(f"/jobs/{completed['id']}/")["status"] == "COMPLETED"

    def test_in_every_state_of_a_recipe_and_wanted_again(self, shell: Shell, scale: RunningScale) -> None:
        shell.job_type("step", "exit 0")
        names = ("first", "second", "third")
        jobs = [
            {"name": name, "job_type": {"name": "step", "version": "1.0"}, "dependencies": dependencies}
            for name, dependencies in zip(names, ([], [{"name": "first"}], [{"name": "second"}]), strict=True)
        ]
        definition = {"version": "1.0", "input_data": [], "jobs": jobs}
        recipe_type = scale.create("/recipe-types/", {"name": "chain", "version": "1.0", "definition": definition})
        scale.change("/scheduler/", {"is_paused": True})
        recipe = scale.create("/queue/new-recipe/", {"recipe_type_id": recipe_type["id"], "recipe_data": {}})
        ids = {one["job_name"]: one["job"]["id"] for one in recipe["jobs"]}

        def statuses() -> list[str]:
            return [scale.get(f"/jobs/{ids[name]}/")["status"] for name in names]

        assert statuses() == ["QUEUED", "PENDING", "PENDING"]
        assert self.cancel(scale, ids["second"]) == "CANCELED"
        assert statuses() == ["QUEUED", "CANCELED", "BLOCKED"]
        assert self.cancel(scale, ids["third"]) == "CANCELED"
        assert self.cancel(scale, ids["first"]) == "CANCELED"
        assert statuses() == ["CANCELED"] * 3
        scale.change("/scheduler/", {"is_paused": False})

        requeue = {"job_ids": [ids["second"], ids["third"]]}
        scale.http.post("/queue/requeue-jobs/", json=requeue)
        assert statuses() == ["CANCELED", "BLOCKED", "BLOCKED"]
        scale.http.post("/queue/requeue-jobs/", json={"job_ids": [ids["first"]]})
        scale.wait(lambda: scale.get(f"/recipes/{recipe['id']}/")["completed"])
        assert statuses() == ["COMPLETED"] * 3
        first = scale.get(f"/jobs/{ids['first']}/")
        assert executions(first) == ["CANCELED", "COMPLETED"]
        assert [scale.get(f"/jobs/{ids[name]}/")["num_exes"] for name in names] == [2, 1, 1]

    def test_a_job_that_is_wanted_again_waits_for_the_end_of_what_was_canceled(
        self, shell: Shell, scale: RunningScale, tmp_path: Path
    ) -> None:
        script = f"""exec 9>{tmp_path}/lock
            flock -n 9 || touch {tmp_path}/overlap
            test -e {tmp_path}/again && exit 0
            trap '' TERM; touch {tmp_path}/again; echo begun
            while :; do sleep 0.1; done"""
        job_id = shell.run("wanted-again", script)
        shell.await_stdout(job_id, "begun")
        assert self.cancel(scale, job_id) == "CANCELED"
        scale.http.post("/queue/requeue-jobs/", json={"job_ids": [job_id]})
        assert executions(scale.in_status(job_id, "COMPLETED")) == ["CANCELED", "COMPLETED"]
        assert not (tmp_path / "overlap").exists()


class TestPause:
    """That a job waits is seen by others that were queued after it and have ended."""

    def test_of_a_job_type(self, shell: Shell, scale: RunningScale) -> None:
        job_type = shell.job_type("paused-type", "exit 0", priority=1)
        scale.change(f"/job-types/{job_type}/", {"is_paused": True})
        waits = shell.job(job_type)
        for number in range(2):
            scale.ended(shell.run(f"goes-on-{number}", "exit 0"))
        assert scale.get(f"/jobs/{waits}/")["status"] == "QUEUED"
        scale.change(f"/job-types/{job_type}/", {"is_paused": False})
        assert scale.ended(waits)["status"] == "COMPLETED"

    def test_of_the_node_what_runs_goes_on(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        (node,) = scale.wait(lambda: scale.results("/nodes/"))
        self.holds_back(shell, scale, tmp_path, f"/nodes/{node['id']}/")

    def test_of_the_scheduler_what_runs_goes_on(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        self.holds_back(shell, scale, tmp_path, "/scheduler/")

    def holds_back(self, shell: Shell, scale: RunningScale, tmp_path: Path, path: str) -> None:
        name = path.split("/")[1]
        runs = []
        for number in range(3):
            script = f"echo begun; while test ! -e {tmp_path}/{number}; do sleep 0.05; done"
            runs.append(shell.run(f"{name}-runs-{number}", script))
        for job_id in runs:
            shell.await_stdout(job_id, "begun")
        scale.change(path, {"is_paused": True})
        waits = shell.run(f"{name}-waits", "exit 0", priority=1)
        for number, job_id in enumerate(runs):
            (tmp_path / str(number)).touch()
            assert scale.ended(job_id)["status"] == "COMPLETED"
            assert scale.get(f"/jobs/{waits}/")["status"] == "QUEUED"
        scale.change(path, {"is_paused": False})
        assert scale.ended(waits)["status"] == "COMPLETED"


class TestOrder:
    def test_max_scheduled_is_never_exceeded(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        running, counts = tmp_path / "running", tmp_path / "counts"
        running.mkdir()
        script = f"""cd {running}; touch $SCALE_JOB_ID
            while test $(ls | wc -l) -lt 2 -a ! -e ../two; do sleep 0.02; done
            ls | wc -l >>{counts}; touch ../two; sleep 0.1; ls | wc -l >>{counts}
            rm $SCALE_JOB_ID"""
        job_type = shell.job_type("limited", script, max_scheduled=2)
        jobs = [shell.job(job_type) for _ in range(8)]
        assert {scale.ended(job_id)["status"] for job_id in jobs} == {"COMPLETED"}
        seen = [int(line) for line in counts.read_text().split()]
        assert (len(seen), max(seen)) == (16, 2)

    def test_where_one_has_room_the_lowest_number_is_first_then_the_oldest(
        self, shell: Shell, scale: RunningScale, tmp_path: Path
    ) -> None:
        order = tmp_path / "order"
        scale.change("/scheduler/", {"is_paused": True})
        jobs = []
        for name, priority in (("low", 300), ("middle", 200), ("high", 100)):
            script = f"echo {name} $SCALE_JOB_ID >>{order}"
            job_type = shell.job_type(name, script, priority=priority, cpus_required=float(CPUS))
            jobs += [(name, shell.job(job_type)) for _ in range(2)]
        scale.change("/scheduler/", {"is_paused": False})
        for _name, job_id in jobs:
            assert scale.ended(job_id)["status"] == "COMPLETED"
        low, middle, high = jobs[:2], jobs[2:4], jobs[4:]
        assert order.read_text().splitlines() == [f"{name} {job_id}" for name, job_id in [*high, *middle, *low]]

    def test_one_that_fits_nowhere_does_not_hold_up_the_rest(self, shell: Shell, scale: RunningScale) -> None:
        huge = shell.run("huge", "exit 0", cpus_required=1000.0, priority=1)
        assert scale.ended(shell.run("small", "exit 0"))["status"] == "COMPLETED"
        assert scale.get(f"/jobs/{huge}/")["status"] == "QUEUED"
        scale.change(f"/jobs/{huge}/", {"status": "CANCELED"})


class TestDisk:
    def test_is_that_of_the_inputs_and_the_type_s_constant_and_multiple(
        self, shell: Shell, scale: RunningScale, source: dict[str, Any], products: int
    ) -> None:
        job_type = shell.job_type(
            "sized",
            'head -c 100 "$1" >"$2/out.bin"; echo "ARTIFACT:out:$2/out.bin"',
            command_arguments="${file} ${job_output_dir}",
            input_data=[{"name": "file", "type": "file"}, {"name": "none", "type": "property", "required": False}],
            output_data=[{"name": "out", "type": "file"}],
            disk_out_const_required=10.0,
            disk_out_mult_required=2.0,
        )
        given = {
            "input_data": [{"name": "file", "file_id": source["id"]}],
            "output_data": [{"name": "out", "workspace_id": products}],
        }
        job = scale.ended(shell.job(job_type, **given))
        assert job["status"] == "COMPLETED"
        # 2.5 MiB take three; ten and twice three for what comes out.
        assert (job["disk_in_required"], job["disk_out_required"]) == (3.0, 16.0)
        execution = scale.get(f"/job-executions/{job['job_exes'][0]['id']}/")
        scheduled = [execution[f"disk_{kind}_scheduled"] for kind in ("in", "out", "total")]
        assert scheduled == [3.0, 16.0, 19.0]


class TestLongRunning:
    def test_has_no_timeout_and_is_queued_again_when_it_fails(
        self, shell: Shell, scale: RunningScale, tmp_path: Path
    ) -> None:
        script = f"""test -e {tmp_path}/failed && {{ echo again; sleep 1000; }}
            sleep 2; echo survived
            while test ! -e {tmp_path}/may-fail; do sleep 0.05; done
            touch {tmp_path}/failed; exit 1"""
        job_id = shell.run("service", script, is_long_running=True, timeout=1, max_tries=1)
        shell.await_stdout(job_id, "survived")
        (tmp_path / "may-fail").touch()
        shell.await_stdout(job_id, "again")
        scale.wait(lambda: executions(scale.get(f"/jobs/{job_id}/")) == ["FAILED", "RUNNING"])
        assert scale.get(f"/jobs/{job_id}/")["status"] == "RUNNING"
        scale.change(f"/jobs/{job_id}/", {"status": "CANCELED"})
        scale.wait(lambda: executions(scale.get(f"/jobs/{job_id}/")) == ["FAILED", "CANCELED"])

    def test_is_queued_again_when_it_completes(self, shell: Shell, scale: RunningScale, tmp_path: Path) -> None:
        script = f"test -e {tmp_path}/once && {{ echo again; sleep 1000; }}; touch {tmp_path}/once"
        job_id = shell.run("service-ends", script, is_long_running=True, max_tries=1)
        shell.await_stdout(job_id, "again")
        scale.wait(lambda: executions(scale.get(f"/jobs/{job_id}/")) == ["COMPLETED", "RUNNING"])
        assert scale.get(f"/jobs/{job_id}/")["status"] == "RUNNING"
        scale.change(f"/jobs/{job_id}/", {"status": "CANCELED"})
        scale.wait(lambda: executions(scale.get(f"/jobs/{job_id}/")) == ["COMPLETED", "CANCELED"])


class TestProducts:
    def test_a_re_run_supersedes_what_it_makes_anew(
        self, shell: Shell, scale: RunningScale, source: dict[str, Any], products: int
    ) -> None:
        job_type = shell.job_type(
            "maker",
            'for i in a b; do echo $SCALE_JOB_ID >"$1/$i.txt"; echo "ARTIFACT:many:$1/$i.txt"; done',
            command_arguments="${job_output_dir} ${file}",
            input_data=[{"name": "file", "type": "file"}],
            output_data=[{"name": "many", "type": "files"}],
        )
        given = {
            "input_data": [{"name": "file", "file_id": source["id"]}],
            "output_data": [{"name": "many", "workspace_id": products}],
        }
        jobs = [scale.ended(shell.job(job_type, **given)) for _ in range(3)]
        made = [{one["file_name"]: one for one in job["products"]} for job in jobs]
        for name in ("a.txt", "b.txt"):
            each = [one[name] for one in made]
            assert len({one["uuid"] for one in each}) == 1
            assert len({one["id"] for one in each}) == 3
            now = [scale.get(f"/products/{one['id']}/") for one in each]
            assert [one["is_published"] for one in now] == [False, False, True]
            assert [one["unpublished"] is None for one in now] == [False, False, True]
            for job, one in zip(jobs, now, strict=True):
                assert scale.http.get(one["url"]).text == f"{job['id']}\n"
        assert made[0]["a.txt"]["uuid"] != made[0]["b.txt"]["uuid"]
        listed = scale.results("/products/", job_type_name="maker")
        assert {one["id"] for one in listed} == {one["id"] for one in made[-1].values()}
