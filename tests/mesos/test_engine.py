"""The engine on Mesos, with a master and agents in this process, and Scale's executors in theirs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.docker_engine import IMAGE, DockerEngine
from fakes.mesos.cluster import FakeCluster
from fakes.mesos.processes import EXECUTOR
from scale_core.interfaces.engine import Engine, EngineSettings
from scale_core.testing import EngineContract
from scale_engine_mesos.engine import MesosEngine


class TestMesosEngine(EngineContract):
    @pytest.fixture
    def cluster(self, tmp_path: Path) -> Iterator[FakeCluster]:
        with FakeCluster(tmp_path / "agents") as cluster:
            yield cluster

    @pytest.fixture
    def settings(self, tmp_path: Path, cluster: FakeCluster, request: pytest.FixtureRequest) -> EngineSettings:
        """Only tests that ask for containers need a Docker engine."""
        options = {"master": cluster.masters, "executor": EXECUTOR, "kill_grace": "0.5"}
        if "boxed" not in request.fixturenames:
            return EngineSettings(tmp_path / "data", options | {"docker": "off"})
        docker_engine: DockerEngine = request.getfixturevalue("docker_engine")
        docker = {"docker_host": f"unix://{docker_engine.socket}", "docker_pull": "never"}
        return EngineSettings(tmp_path / "data", options | docker)

    @pytest.fixture
    def make_engine(self) -> Callable[[EngineSettings], Engine]:
        return MesosEngine

    @pytest.fixture
    def container_image(self) -> str:
        return IMAGE
