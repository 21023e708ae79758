"""Taking a file into a workspace as a node does, whatever an earlier execution has done of it."""

import hashlib
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from fakes.takers import Control, take
from scale_core.interfaces.engine import ExecutionPlan
from scale_core.runner.failures import StepFailed
from scale_core.testing.runs import make_plan
from scale_generated.specs.execution_plan import PlanIngest
from scale_generated.specs.execution_report import ReportIngest

CONTENT = b"content"
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@dataclass
class Place:
    """A file, and the workspaces ``raw`` and ``there``."""

    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "incoming" / "ingesting" / "a.txt"

    @property
    def stored(self) -> Path:
        return self.folder / "raw" / "2026" / "a.txt"

    def plan(self, timeout: float | None = None, **more: Any) -> ExecutionPlan:
        workspaces = {
            name: {"broker": {"type": "host", "host_path": str(self.folder / name)}} for name in ("raw", "there")
        }
        ingest = PlanIngest(
            ingest_id=5,
            file_name="a.txt",
            source=str(self.source),
            mount=str(self.source.parent),
            workspace="raw",
            path="2026/a.txt",
            size=len(CONTENT),
            keeps_source=False,
        )
        plan = make_plan("scale-ingest", workspaces=workspaces, timeout=timeout)
        return replace(plan, ingest=replace(ingest, **more))

    def take(self, control: Control | None = None, **more: Any) -> ReportIngest:
        return take(self.plan(**more), self.folder / "fetched", control)

    def fails(self, control: Control | None = None, **more: Any) -> tuple[str, str]:
        """Kind and message of the failure."""
        with pytest.raises(StepFailed) as caught:
            self.take(control, **more)
        return caught.value.kind, caught.value.message


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.source.parent.mkdir(parents=True)
    place.source.write_bytes(CONTENT)
    for name in ("raw", "there"):
        (tmp_path / name).mkdir()
    return place


def test_a_file_is_moved_and_what_it_is_told(place: Place) -> None:
    done = place.take()
    assert done.stored is not None
    assert (done.stored.path, done.stored.size, done.stored.checksum) == ("2026/a.txt", len(CONTENT), CHECKSUM)
    assert (done.stored.media_type, done.stored.is_needed) == ("text/plain", False)
    assert (place.stored.read_bytes(), place.source.exists()) == (CONTENT, False)


def test_a_move_that_is_done_is_told_again(place: Place) -> None:
    assert place.take() == place.take()


def test_a_file_that_stays_is_copied_again_over_its_copy(place: Place) -> None:
    mount = str(place.folder / "incoming")
    first, second = (place.take(keeps_source=True, mount=mount) for _ in range(2))
    assert first == second
    assert [path.name for path in place.stored.parent.rglob("*")] == ["a.txt"]
    assert place.source.exists()


def test_a_file_of_another_workspace_is_fetched_and_stays_there(place: Place) -> None:
    (place.folder / "there" / "a.txt").write_bytes(CONTENT)
    done = place.take(source="a.txt", origin="there", mount=None)
    assert done.stored is not None
    assert done.stored.checksum == CHECKSUM
    assert (place.folder / "there" / "a.txt").exists()
    assert list((place.folder / "fetched").iterdir()) == []


def test_what_is_at_its_place_and_is_another_file_is_left_alone(place: Place) -> None:
    place.stored.parent.mkdir()
    place.stored.write_bytes(b"another")
    done = place.take()
    assert done.stored is not None
    assert done.stored.path == "2026/ingest-5/a.txt"
    assert place.stored.read_bytes() == b"another"


def test_of_a_duplicate_nothing_is_left_however_often_it_is_removed(place: Place) -> None:
    known = place.folder / "raw" / "known.txt"
    known.write_bytes(CONTENT)
    place.take()
    for _ in range(2):
        assert place.take(duplicate_of="known.txt").stored is None
    assert (place.stored.exists(), place.source.exists(), known.exists()) == (False, False, True)


def test_a_duplicate_of_a_file_that_is_lost_is_kept_in_its_stead(place: Place) -> None:
    place.take()
    done = place.take(duplicate_of="known.txt")
    assert done.stored is not None
    assert (done.stored.path, done.stored.is_needed) == ("2026/a.txt", True)
    assert place.stored.exists()


def test_a_file_that_is_gone_is_missed_by_name(place: Place) -> None:
    place.source.unlink()
    kind, message = place.fails()
    assert kind == "input"
    assert str(place.source) in message


def test_a_watched_directory_that_is_not_mounted_says_nothing_of_the_file(place: Place) -> None:
    kind, message = place.fails(mount=str(place.folder / "elsewhere"))
    assert (kind, "elsewhere" in message) == ("mount-missing", True)
    (place.folder / "empty").mkdir()
    assert place.fails(mount=str(place.folder / "empty"), keeps_source=True)[0] == "mount-missing"


@pytest.mark.parametrize("workspace", ["raw", "there"])
def test_a_workspace_that_is_not_mounted_fails_no_file(place: Place, workspace: str) -> None:
    (place.folder / workspace).rmdir()
    assert place.fails(source="a.txt", origin="there", mount=None)[0] == "mount-missing"


def test_how_far_the_move_of_a_large_file_is_is_told_now_and_then(place: Place) -> None:
    place.source.write_bytes(b"x" * (8 << 20))
    control, clock = Control(), count()
    plan = place.plan(keeps_source=True, mount=str(place.folder / "incoming"), size=8 << 20)
    take(plan, place.folder / "fetched", control, monotonic=lambda: float(next(clock)))
    assert control.done == sorted(set(control.done))
    assert 0 < control.done[0] < control.done[-1] <= 8 << 20


def test_a_canceled_move_is_not_begun_or_ends(place: Place) -> None:
    place.source.write_bytes(b"x" * (8 << 20))
    more = {"keeps_source": True, "mount": str(place.folder / "incoming"), "size": 8 << 20}
    assert place.fails(Control(is_canceled=True), **more)[0] == "canceled"
    assert not place.stored.exists()


def test_a_move_that_takes_longer_than_the_timeout_ends(place: Place) -> None:
    place.source.write_bytes(b"x" * (8 << 20))
    clock = iter(range(0, 10_000, 100))
    plan = place.plan(timeout=1.0, keeps_source=True, mount=str(place.folder / "incoming"), size=8 << 20)
    with pytest.raises(StepFailed) as caught:
        take(plan, place.folder / "fetched", monotonic=lambda: float(next(clock)))
    assert caught.value.kind == "timeout"
    assert not place.stored.exists()
