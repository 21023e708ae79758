"""A running Scale for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.databases import new_database
from fakes.docker_engine import docker_engine
from fakes.hanging_mount import hanging_mount
from fakes.nfs_server import nfs_server, own_nfs_server
from fakes.object_store import object_store
from fakes.running import RunningScale, transfer

__all__ = ["docker_engine", "hanging_mount", "nfs_server", "object_store", "own_nfs_server"]


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """A running Scale."""
    running = RunningScale(tmp_path / "data")
    new_database(running.data_dir, alone=True).close()
    running.start()
    yield running
    running.stop()
    running.http.close()


@pytest.fixture(name="transfer")
def transfer_fixture() -> Callable[[Path, str, bytes], None]:
    """:func:`transfer`."""
    return transfer
