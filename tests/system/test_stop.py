"""SIGTERM at a busy time, twice at once, and two Scales on one data folder."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.processes import await_none, processes_of
from fakes.running import RunningScale, transfer
from fakes.shell import Shell

GRACE_SECONDS = 3.0
BODY = b'{"is_paused": true}'
STUBBORN = "trap '' TERM; echo begun; while test ! -e {flag}; do sleep 0.1; done"


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """With a short grace period, and room for several jobs at once."""
    running = RunningScale(tmp_path / "data", grace_seconds=str(GRACE_SECONDS), engine_cpus="4", engine_mem="2048")
    running.start()
    yield running
    running.stop()
    running.http.close()


def busy(scale: RunningScale, tmp_path: Path) -> list[int]:
    """Start jobs that end only when the file ``may-end`` is there, one of which ignores SIGTERM; their ids."""
    flag = tmp_path / "may-end"
    shell, wait = Shell(scale), STUBBORN.format(flag=flag)
    jobs = [
        shell.run("patient", f"echo begun; while test ! -e {flag}; do sleep 0.1; done"),
        shell.run("stubborn", wait),
        shell.run("parent", f'sh -c "{wait}" & wait'),
    ]
    for job_id in jobs:
        shell.await_stdout(job_id, "begun")
    return jobs


def have_patience(scale: RunningScale) -> None:
    """Start it anew, with a grace period that is longer than a test would wait."""
    assert scale.stop() == 0
    scale.environment["SCALE_GRACE_SECONDS"] = "1000"
    scale.start()


def test_stopped_at_a_busy_time_it_leaves_nothing_running_and_loses_nothing(
    scale: RunningScale, tmp_path: Path
) -> None:
    jobs = busy(scale, tmp_path)
    scale.workspace("raw")
    incoming = scale.strike("files", "raw")
    for number in range(40):
        transfer(incoming, f"{number}.txt", b"x" * 100_000)
    assert scale.stop() == 0
    assert await_none(processes_of, tmp_path) == {}
    assert scale.log.read_text().count("Traceback") == 0

    (tmp_path / "may-end").touch()
    scale.start()
    for job_id in jobs:
        job = scale.ended(job_id)
        # Stopping is no failure of the job: it does not cost the only try.
        assert (job["status"], job["num_exes"]) == ("COMPLETED", 2)
    scale.wait(lambda: scale.get("/ingests/", status="INGESTED")["count"] == 40)
    assert scale.get("/sources/")["count"] == 40


def test_a_request_on_its_way_is_answered_before_the_end(scale: RunningScale) -> None:
    """Its body comes in two parts, with the signal between them."""
    have_patience(scale)
    with unfinished_request(scale) as client:
        scale.send(signal.SIGTERM)
        scale.wait(lambda: not accepts(scale.http.base_url.host, scale.http.base_url.port or 0))
        client.sendall(BODY[5:])
        answer = b""
        while part := client.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 201")
    assert scale.await_end() == 0
    scale.start()
    assert scale.get("/scheduler/")["is_paused"] is True


@contextmanager
def unfinished_request(scale: RunningScale) -> Iterator[socket.socket]:
    """A request that pauses the scheduler, of which Scale has read the first five bytes of the body."""
    host, port = scale.http.base_url.host, scale.http.base_url.port
    assert port is not None
    head = (
        f"PATCH /scheduler/ HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    )
    with socket.create_connection((host, port)) as client:
        client.sendall(head.encode() + BODY[:5])
        scale.wait(lambda: scale.get("/version/"))  # requests are read in turn
        yield client


def accepts(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_request_that_never_ends_does_not_keep_it(scale: RunningScale) -> None:
    with unfinished_request(scale):
        assert scale.stop() == 0


def test_a_second_signal_ends_it_at_once_and_the_next_start_cleans_up(scale: RunningScale, tmp_path: Path) -> None:
    have_patience(scale)
    jobs = busy(scale, tmp_path)
    with unfinished_request(scale):
        scale.send(signal.SIGTERM)
        scale.wait(lambda: not accepts(scale.http.base_url.host, scale.http.base_url.port or 0))
        assert scale.end(signal.SIGTERM) == 128 + signal.SIGTERM
    (tmp_path / "may-end").touch()
    scale.start()
    for job_id in jobs:
        assert scale.ended(job_id)["status"] == "COMPLETED"
    assert scale.stop() == 0
    assert await_none(processes_of, tmp_path) == {}


def test_asked_to_end_while_it_starts_it_ends(tmp_path: Path) -> None:
    scale = RunningScale(tmp_path / "data")
    for seconds in (0.1, 0.4, 0.7, 1.0, 1.3, 1.6):
        scale.launch()
        time.sleep(seconds)
        # Before it listens for signals it ends as in a crash, which costs nothing: there is nothing yet.
        assert scale.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert "Traceback" not in scale.log.read_text()
    scale.start()
    assert scale.stop() == 0
    scale.http.close()
    assert await_none(processes_of, tmp_path) == {}


@pytest.mark.sqlite
def test_a_second_scale_is_refused_until_the_first_is_dead(scale: RunningScale, tmp_path: Path) -> None:
    busy(scale, tmp_path)
    done = scale.refused()
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: data_dir: another scheduler runs on ")
    assert scale.get("/status/")["scheduler"]["is_online"]
    # kill -9, with commands of its jobs still running: they must not hold the lock.
    scale.kill()
    scale.start()
    (tmp_path / "may-end").touch()
    scale.wait(lambda: scale.get("/jobs/", status="COMPLETED")["count"] == 3)
    assert scale.stop() == 0
    assert await_none(processes_of, tmp_path) == {}


@pytest.mark.sqlite
def test_of_many_that_start_at_once_one_runs(tmp_path: Path) -> None:
    """On a folder that does not exist yet, too."""
    each = [RunningScale(tmp_path / "data") for _ in range(4)]
    outcomes: list[str] = []

    def begin(one: RunningScale) -> None:
        one.launch()
        assert one._process is not None
        assert one._process.stdout is not None
        outcomes.append(one._process.stdout.readline().decode())

    threads = [threading.Thread(target=begin, args=(one,)) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(line.partition(":")[0] for line in outcomes) == ["", "", "", "Scale is up"]
    codes = sorted(one.stop() for one in each)
    assert codes == [0, 2, 2, 2]
