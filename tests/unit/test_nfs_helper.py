"""The processes that work on an NFS export, seen from the side that gives orders."""

import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.processes import await_none
from scale_broker_nfs.helper import Helper
from scale_broker_nfs.helpers import Helpers
from scale_core.interfaces.broker import FileMissing


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


@pytest.fixture
def helpers(export: Path) -> Iterator[Helpers]:
    """One, of an export that the installation says to be mounted at a folder."""
    name = "server.example:/data"
    about = {"configuration": {"mount": name}, "options": {"mounts": {name: str(export)}}}
    helpers = Helpers(lambda: Helper(about, name, 20.0), 1)
    yield helpers
    helpers.end()


def test_what_the_work_tells_is_raised_and_it_goes_on(helpers: Helpers, export: Path) -> None:
    with helpers.lend() as helper:
        with pytest.raises(FileMissing):
            helper.ask("stat", "x")
        (export / "x").write_bytes(b"content")
        assert helper.ask("stat", "x") == 7


class BrokenOffError(BaseException):
    """What may happen to a thread that waits."""


def test_who_comes_after_one_that_breaks_off_gets_an_answer_of_its_own(helpers: Helpers, export: Path) -> None:
    (export / "large").write_bytes(os.urandom(1 << 20) * 64)

    def break_off(_done: int) -> None:
        raise BrokenOffError

    with pytest.raises(BrokenOffError), helpers.lend() as helper:
        helper.ask("checksum", "large", told=break_off)
    with helpers.lend() as helper:
        assert helper.ask("stat", "large") == 64 << 20


def test_a_process_that_does_not_end_at_once_is_taken_note_of_when_it_ends(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that hangs in the kernel outlives its kill for as long as the kernel keeps it."""
    monkeypatch.setattr("scale_broker_nfs.helper.END_SECONDS", 0.0)
    with helpers.lend() as helper:
        with pytest.raises(FileMissing):
            helper.ask("stat", "x")
        helper.end()
    del helper
    gc.collect()  # a process that nobody waits for is warned of here, and stays a zombie
    assert await_none(ended_children, Path()) == {}


def ended_children(_folder: Path) -> dict[int, str]:
    """The processes of this one that have ended and were not waited for."""
    found = {}
    for pid in children():
        with contextlib.suppress(OSError):  # it was waited for while we looked
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                found[pid] = state
    return found


def children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
