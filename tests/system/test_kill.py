"""Scale is killed at random moments, again and again, with files arriving and recipes running."""

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.pipeline import build_pipeline
from fakes.processes import await_none, descendants_of, processes_of
from fakes.running import RunningScale
from fakes.traffic import SEED, Traffic, check, roomy_scale

IN_START = 5
AT_WORK = 9
WHILE_STOPPING = 4


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """With room for several jobs at once."""
    with roomy_scale(tmp_path) as running:
        yield running


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_and_nothing_done_twice(scale: RunningScale, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    pipeline = build_pipeline(scale)
    kinds = ["start"] * IN_START + ["work"] * AT_WORK + ["stop"] * WHILE_STOPPING
    chance.shuffle(kinds)
    with Traffic(scale, pipeline) as traffic:
        scale.kill()
        for kind in kinds:
            scale.launch()
            if kind == "start":
                time.sleep(chance.uniform(0.005, 2.0))
            else:
                scale.await_answer()
                time.sleep(chance.uniform(0.0, 2.0))
            if kind == "stop":
                scale.send(signal.SIGTERM)
                time.sleep(chance.uniform(0.0, 0.4))
            scale.kill()
        scale.start()
    assert traffic.accepted
    check(scale, pipeline, traffic, tmp_path)


@pytest.mark.slow
def test_when_its_children_are_killed_it_goes_on(scale: RunningScale, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    pipeline = build_pipeline(scale)
    pid = scale.pid
    killed: list[int] = []
    with Traffic(scale, pipeline) as traffic:
        for _ in range(10):
            time.sleep(chance.uniform(0.1, 0.8))
            for child in some_of(chance, helpers_of(pid)):
                kill_if_there(child)
                killed.append(child)
    assert killed
    assert scale.pid == pid
    check(scale, pipeline, traffic, tmp_path)


def helpers_of(pid: int) -> list[int]:
    """The node agent and its workers. What they start in turn is the jobs' own, and so is its failure."""
    return [one for one in descendants_of(pid, depth=2) if not is_command(one)]


def is_command(pid: int) -> bool:
    """Whether a process is of a job, such as one that a killed worker left behind."""
    try:
        return b"SCALE_EXECUTION_ID=" in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return True


def some_of(chance: random.Random, pids: list[int]) -> list[int]:
    """One of them or more, where there are any."""
    return chance.sample(pids, chance.randint(1, len(pids))) if pids else []


def kill_if_there(pid: int) -> None:
    """kill -9, if it has not ended meanwhile."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize("is_synced", [True, False], ids=["all was written", "what was not synced is lost"])
def test_after_a_power_cut_it_goes_on_from_what_the_disk_holds(
    scale: RunningScale, tmp_path: Path, is_synced: bool
) -> None:
    """The next start finds the disk as it was at one moment. The folders of executions are never synced."""
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    pipeline = build_pipeline(scale)
    traffic = Traffic(scale, pipeline)
    for _ in range(40):
        traffic.send_file()
    for _ in range(4):
        traffic.accepted.append(scale.create("/queue/new-job/", pipeline.direct_job())["id"])
    time.sleep(chance.uniform(0.0, 3.0))
    places = [scale.data_dir, pipeline.raw, pipeline.products, pipeline.incoming]
    everything = stop_all(scale.pid)
    for place in places:
        shutil.copytree(place, tmp_path / "copy" / place.name)
    scale.kill()
    for pid in everything[1:]:
        kill_if_there(pid)
    assert await_none(processes_of, tmp_path) == {}
    for place in places:
        shutil.rmtree(place)
        shutil.copytree(tmp_path / "copy" / place.name, place)
    if not is_synced:
        shutil.rmtree(scale.data_dir / "executions")
    scale.start()
    check(scale, pipeline, traffic, tmp_path)


def stop_all(pid: int) -> list[int]:
    """Have a process and all below it stand still; their ids."""
    stopped: list[int] = []
    while running := [one for one in [pid, *descendants_of(pid)] if one not in stopped]:
        for one in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        stopped += running
    return stopped
