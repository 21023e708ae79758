"""A running Scale for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.docker_engine import docker_engine
from fakes.running import RunningScale, transfer

__all__ = ["docker_engine"]


@pytest.fixture
def scale(tmp_path: Path) -> Iterator[RunningScale]:
    """A running Scale."""
    running = RunningScale(tmp_path / "data")
    running.start()
    yield running
    running.stop()
    running.http.close()


@pytest.fixture(name="transfer")
def transfer_fixture() -> Callable[[Path, str, bytes], None]:
    """:func:`transfer`."""
    return transfer
