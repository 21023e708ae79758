"""The database server goes away, or cuts connections, with files arriving and recipes running: Scale goes on."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.databases import SERVER, database_name
from fakes.pipeline import build_pipeline
from fakes.running import RunningScale
from fakes.traffic import SEED, Traffic, check, roomy_scale
from scale_core.testing.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """With room for several jobs at once."""
    with roomy_scale(tmp_path) as running:
        yield running


@pytest.fixture
def server() -> PostgresServer:
    return PostgresServer.at(os.environ[SERVER])


def test_connections_are_cut_again_and_again(scale: RunningScale, server: PostgresServer, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not for secrets
    pipeline = build_pipeline(scale)
    pid = scale.pid
    name = database_name(scale.data_dir)
    with Traffic(scale, pipeline) as traffic:
        for _ in range(12):
            time.sleep(chance.uniform(0.1, 1.0))
            # What was cut a moment ago may be on its way to connect again, on a machine that is busy.
            scale.wait(lambda: server.cut_connections(name))
    assert scale.pid == pid
    check(scale, pipeline, traffic, tmp_path)


def test_the_database_is_away_for_a_while(scale: RunningScale, server: PostgresServer, tmp_path: Path) -> None:
    pipeline = build_pipeline(scale)
    pid = scale.pid
    with Traffic(scale, pipeline) as traffic:
        time.sleep(3)
        with server.away(database_name(scale.data_dir)):
            assert scale.http.get("/jobs/").status_code == 503
            time.sleep(10)
        time.sleep(3)
    assert scale.pid == pid
    log = scale.log.read_text()
    assert "is not currently accepting connections" in log
    check(scale, pipeline, traffic, tmp_path)
