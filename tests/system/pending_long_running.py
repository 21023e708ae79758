"""Held back: waits for long-running jobs to be queued again when they complete, too."""

from pathlib import Path

from fakes.running import RunningScale
from fakes.shell import Shell


def test_a_long_running_job_that_completes_is_queued_again(scale: RunningScale, tmp_path: Path) -> None:
    shell = Shell(scale)
    script = f"test -e {tmp_path}/once && {{ echo again; sleep 1000; }}; touch {tmp_path}/once"
    job_id = shell.run("service-ends", script, is_long_running=True, max_tries=1)
    shell.await_stdout(job_id, "again")
    job = scale.get(f"/jobs/{job_id}/")
    assert (job["status"], job["num_exes"]) == ("RUNNING", 2)
    scale.change(f"/jobs/{job_id}/", {"status": "CANCELED"})
