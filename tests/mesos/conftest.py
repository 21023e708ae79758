"""What tests of the engine on Mesos share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.docker_engine import docker_engine
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.executors import ToldExecutor
from fakes.mesos.processes import EXECUTOR
from fakes.object_store import object_store
from fakes.running import RunningScale

__all__ = ["docker_engine", "object_store"]


@pytest.fixture
def executors() -> list[ToldExecutor]:
    """Those that ran."""
    return []


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    """A master, and two agents that run real executors."""
    with FakeCluster(tmp_path / "agents", agents=2) as cluster:
        yield cluster


@pytest.fixture
def scale(tmp_path: Path, cluster: FakeCluster) -> Iterator[RunningScale]:
    """A Scale on that cluster, configured by nothing but the engine's name, the master's address and where the tests
    have the executor."""
    master = cluster.masters.split(",")[0]
    running = RunningScale(tmp_path / "data", engine="mesos", mesos_master=master, mesos_executor=EXECUTOR)
    running.start()
    yield running
    assert running.stop() == 0
    running.http.close()
