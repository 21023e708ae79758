"""Web, and two schedulers, as processes of their own on one database: one leads, the other follows its death."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from fakes.databases import new_database
from fakes.running import RunningScale
from fakes.shell import Shell


@contextmanager
def process(data_dir: Path, command: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """``scale COMMAND`` on that data; it is asked to end with the block."""
    scale = RunningScale(data_dir, command=command)
    with log.open("ab") as told:
        running = subprocess.Popen(scale.command, env=scale.environment, stderr=told, stdin=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(120)
        scale.http.close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[RunningScale]:
    """The web server alone."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    new_database(data_dir, alone=True).close()
    running = RunningScale(data_dir, command="web")
    running.start()
    yield running
    running.stop()
    running.http.close()


def test_the_second_takes_over_when_the_first_is_killed_and_nothing_is_lost_or_repeated(
    web: RunningScale, tmp_path: Path
) -> None:
    shell = Shell(web)
    first_log, second_log = tmp_path / "first.log", tmp_path / "second.log"
    ran = tmp_path / "ran"
    with ExitStack() as stack:
        first = stack.enter_context(process(web.data_dir, "scheduler", first_log))
        done = [shell.run(f"before-{number}", f"echo {number} >> {ran}") for number in range(3)]
        for job_id in done:
            assert web.ended(job_id)["status"] == "COMPLETED"
        stack.enter_context(process(web.data_dir, "scheduler", second_log))
        web.wait(lambda: "Another scheduler leads" in second_log.read_text())
        runs = shell.run("runs", f"echo begun; while test ! -e {tmp_path}/may-end; do sleep 0.05; done")
        shell.await_stdout(runs, "begun")
        first.kill()
        first.wait()
        # What died with the first is run again by the second; it may not end before.
        web.wait(lambda: web.get(f"/jobs/{runs}/")["num_exes"] == 2)
        (tmp_path / "may-end").touch()
        after = shell.run("after", f"echo after >> {ran}")
        for job_id in (runs, after):
            assert web.ended(job_id)["status"] == "COMPLETED"
        assert web.get("/status/")["scheduler"]["is_online"]
    assert sorted(ran.read_text().split()) == ["0", "1", "2", "after"]
    assert "Traceback" not in second_log.read_text()
    assert web.get(f"/jobs/{runs}/")["num_exes"] == 2
