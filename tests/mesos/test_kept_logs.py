"""Logs that are copied from agents once executions have ended."""

import shutil
from pathlib import Path
from threading import Event

import pytest

from fakes.waiting import SECONDS
from scale_core.interfaces.engine import ShortMemory
from scale_engine_mesos.files import AgentFiles
from scale_engine_mesos.logs import Logs


class Files(AgentFiles):
    """What an agent has, by path."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(None, {})
        self.files = files

    def read(self, address: str, path: str, offset: int, limit: int) -> tuple[bytes, int]:
        whole = self.files.get(path, b"")
        return whole[offset : offset + limit], len(whole)


@pytest.fixture
def files() -> Files:
    return Files({"/run/7/stdout": b"hello\n"})


@pytest.fixture
def logs(tmp_path: Path, files: Files) -> Logs:
    return Logs(tmp_path, ShortMemory(), lambda: files)


def fetch(logs: Logs) -> None:
    """As when the end of execution 7 is told and then recorded."""
    recorded = Event()
    logs.fetch(7, "agent:5051", "/run/7", {"stdout": 6, "stderr": 0}, lambda: None)
    logs.when_kept(7, recorded.set)
    assert recorded.wait(SECONDS)


def test_an_end_that_is_told_again_does_not_empty_the_logs(logs: Logs, files: Files) -> None:
    fetch(logs)
    files.files.clear()
    fetch(logs)
    assert logs.read(7, "stdout", 0, 100).data == b"hello\n"


def test_of_logs_that_are_stored_elsewhere_no_empty_ones_are_kept(logs: Logs, files: Files, tmp_path: Path) -> None:
    fetch(logs)
    files.files.clear()
    shutil.rmtree(tmp_path / "7")
    fetch(logs)
    assert list(logs.kept()) == []
