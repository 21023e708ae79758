"""Scans on real directories: what is taken, what is refused, and what is left."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from fakes.scans import TEXTS, URLS, Scans
from fakes.storage import sealed
from fakes.world import World
from scale_core.db.models import Ingest, ScaleFile
from scale_core.domain.file_names import escaped
from scale_core.services.exceptions import Conflict
from scale_core.services.scan_progress import Seen
from scale_core.services.scan_runs import ScanRunService
from scale_scheduler.failures import TaskFailed
from scale_scheduler.scan import listing as listing_module
from scale_scheduler.scan import task as task_module

IN_PLACE: Any = {"filename_regex": r".*\.txt$", "data_types": ["t"]}
RULE_FOR_ALL = {"filename_regex": ".*", "workspace_path": "rest", "workspace_name": "raw"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def scans(world: World) -> Scans:
    return Scans(world)


def fill(folder: Path, *paths: str) -> None:
    """Make files, each with its path as content."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)


def statuses(world: World) -> dict[str, str]:
    """Status of each ingest by the path of its file below ``incoming``."""
    return {one.transfer_path.removeprefix(f"{world.incoming}/"): one.status for one in world.all(Ingest)}


def test_a_tree_is_copied_into_the_workspace_and_stays_as_it_is(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "x/b.txt", "x/y/c.txt", "x/y/d.doc")
    details = scans.process(scans.create())
    progress = details["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["files_unmatched"]) == (4, 3, 1)
    assert (progress["folders"], progress["bytes_seen"], progress["bytes_taken"]) == (3, 30, 21)
    assert progress["rules"] == [{"files": 3, "bytes": 21, "examples": ["a.txt", "x/b.txt", "x/y/c.txt"]}]
    assert progress["ended"] is not None
    assert statuses(world) == dict.fromkeys(("a.txt", "x/b.txt", "x/y/c.txt"), "TRANSFERRED")
    assert scans.ingest() == [None, None, None]
    sources = {one.file_name: one for one in world.all(ScaleFile)}
    day = world.all(Ingest)[0].transfer_started
    assert {name: one.file_path for name, one in sources.items()} == {
        name: f"in/{day:%Y/%m/%d}/{name}" for name in ("a.txt", "b.txt", "c.txt")
    }
    assert (world.storage / sources["c.txt"].file_path).read_text() == "x/y/c.txt"
    assert sources["c.txt"].data_type == ["t"]
    assert (world.incoming / "x/y/c.txt").read_text() == "x/y/c.txt"
    assert scans.details(1)["ingests"] == [{"status": "INGESTED", "count": 3}]


def test_a_preview_tells_what_would_be_taken_and_changes_nothing(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "x/b.txt", "x/d.doc")
    (world.incoming / "link.txt").symlink_to("a.txt")
    scan_id = scans.create()
    details = scans.process(scan_id, ingest=False)
    preview = details["preview"]
    assert preview is not None
    assert (preview["files_seen"], preview["files_taken"], preview["files_unmatched"]) == (4, 2, 1)
    assert [one["path"] for one in preview["refused"]] == ["link.txt"]
    assert details["progress"] is None
    assert world.all(Ingest) == world.all(ScaleFile) == []
    after = scans.process(scan_id)["progress"]
    assert after is not None
    counted = [name for name in after if name.startswith(("files", "bytes", "rules", "refused"))]
    assert [after[name] for name in counted] == [preview[name] for name in counted]  # type: ignore[literal-required]


def test_folders_are_left_out_unless_they_are_wanted(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "x/b.txt")
    scans.process(scans.create(recursive=False))
    assert statuses(world) == {"a.txt": "TRANSFERRED"}


def test_what_cannot_be_ingested_is_errored_and_says_why(world: World, scans: Scans) -> None:
    outside = world.folder / "secret"
    fill(world.folder, "secret/s.txt")
    fill(world.incoming, "good.txt", "line\nbreak.txt", "bad\nfolder/a.txt")
    (world.incoming / "out.txt").symlink_to(outside / "s.txt")
    (world.incoming / "outside").symlink_to(outside)
    os.mkfifo(world.incoming / "pipe.txt")
    Path(os.fsdecode(os.fsencode(world.incoming) + b"/\xff.txt")).write_text("x")
    progress = scans.process(scans.create())["progress"]
    assert progress is not None
    assert progress["files_refused"] == 6
    assert statuses(world) == {
        "good.txt": "TRANSFERRED",
        **dict.fromkeys(
            ("line\\x0abreak.txt", "bad\\x0afolder", "out.txt", "outside", "pipe.txt", "\\xff.txt"), "ERRORED"
        ),
    }
    reasons = {one.file_name: one.reason for one in world.all(Ingest)}
    assert "symbolic link" in reasons["out.txt"]
    assert "symbolic link" in reasons["outside"]
    assert "not UTF-8" in reasons["\\xff.txt"]
    assert "control characters" in reasons["bad\\x0afolder"]
    assert scans.ingest() == [None]
    assert [one.file_name for one in world.all(ScaleFile)] == ["good.txt"]


@pytest.mark.parametrize("batch", [1, 512])
@pytest.mark.parametrize("is_workspace", [False, True], ids=["a directory", "a workspace"])
def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_taken(
    world: World, scans: Scans, monkeypatch: pytest.MonkeyPatch, batch: int, is_workspace: bool
) -> None:
    monkeypatch.setattr(task_module, "BATCH", batch)
    monkeypatch.setattr(listing_module, "PAGE", batch)
    folder = world.storage if is_workspace else world.incoming
    fill(folder, "a.txt", "x-y.txt", "x/b.txt", "z.txt")
    scan_id = scans.create(IN_PLACE, workspace="raw") if is_workspace else scans.create()
    with sealed(folder / "x"):
        progress = scans.process(scan_id)["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["files_refused"]) == (3, 3, 1)
    (refused,) = progress["refused"]
    assert refused["path"].rstrip("/") == "x"
    assert refused["reason"] == "it cannot be read: Permission denied; let Scale read it"
    ingests = {one.file_name: (one.status, one.reason) for one in world.all(Ingest)}
    assert ingests.pop("x") == ("ERRORED", refused["reason"])
    assert ingests == dict.fromkeys(("a.txt", "x-y.txt", "z.txt"), ("TRANSFERRED", None))


def test_a_scan_that_stopped_at_a_folder_that_cannot_be_read_goes_on_behind_it(world: World, scans: Scans) -> None:
    fill(world.storage, "x-y.txt", "x/b.txt", "x0.txt")
    scan_id = scans.create(IN_PLACE, workspace="raw")
    service, order, job_id = scans.begin(scan_id)
    service.record(order, [Seen("x-y.txt", 7), Seen("x/", None, "it cannot be read")], "")
    scans.task(scan_id, job_id).run(threading.Event())
    assert statuses(world) == {
        "x-y.txt": "TRANSFERRED",
        "x/": "ERRORED",
        "x/b.txt": "TRANSFERRED",
        "x0.txt": "TRANSFERRED",
    }
    assert len(world.all(Ingest)) == 4


def test_a_file_that_vanishes_before_it_is_copied_is_errored(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "b.txt")
    scans.process(scans.create())
    (world.incoming / "a.txt").unlink()
    ends = [None if one is None else one.kind for one in scans.ingest()]
    assert ends == ["input", None]
    assert statuses(world) == {"a.txt": "ERRORED", "b.txt": "INGESTED"}
    assert "gone" in world.all(Ingest)[0].reason


@pytest.mark.parametrize("is_workspace", [False, True], ids=["a directory", "a workspace"])
@pytest.mark.parametrize("is_replaced", [False, True], ids=["gone", "empty, as where nothing is mounted"])
def test_a_scan_whose_place_goes_away_fails_and_goes_on_when_it_is_back(
    world: World, scans: Scans, monkeypatch: pytest.MonkeyPatch, is_workspace: bool, is_replaced: bool
) -> None:
    monkeypatch.setattr(task_module, "BATCH", 1)
    monkeypatch.setattr(listing_module, "PAGE", 1)
    root = world.storage if is_workspace else world.incoming
    paths = ["a.txt", "b.txt", "c/d.txt"]
    fill(root, *paths)
    scan_id = scans.create(IN_PLACE, workspace="raw") if is_workspace else scans.create()
    record = ScanRunService.record

    def taken_away(self: ScanRunService, *arguments: Any) -> Any:
        order = record(self, *arguments)
        if root.exists() and not away.exists():
            root.rename(away)
            if is_replaced:
                root.mkdir()
        return order

    away = world.folder / "away"
    job = scans.service.process(scan_id, {"ingest": True}, URLS)["job"]
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(ScanRunService, "record", taken_away)
        for _ in range(2):  # where it is gone, and where it begins without it
            with pytest.raises(TaskFailed) as raised:
                scans.task(scan_id, job["id"]).run(threading.Event())
            assert raised.value.failure.kind == "input"
            assert "process the Scan again" in raised.value.failure.message
    if is_replaced:
        root.rmdir()
    away.rename(root)
    progress = scans.details(scan_id)["progress"]
    assert progress is not None
    assert progress["ended"] is None
    scans.task(scan_id, job["id"]).run(threading.Event())
    assert scans.ingest() == [None, None, None]
    assert len(world.all(ScaleFile)) == len(paths)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "BATCH", 3)


class Broken(Exception):
    """What stands for a kill."""


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("batches", [0, 1, 2, 3, 4])
def test_a_scan_goes_on_where_a_killed_one_stopped_and_takes_nothing_twice(
    world: World, scans: Scans, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    paths = [f"{folder}{number}.txt" for folder in ("", "b/", "b/c/", "d/") for number in range(3)]
    fill(world.incoming, *paths)
    scan_id = scans.create()
    job = scans.service.process(scan_id, {"ingest": True}, URLS)["job"]
    assert job is not None
    left = [batches]
    record = ScanRunService.record

    def broken(self: ScanRunService, *arguments: Any) -> Any:
        if not left[0]:
            raise Broken
        left[0] -= 1
        return record(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(ScanRunService, "record", broken)
        with pytest.raises(Broken):
            scans.task(scan_id, job["id"]).run(threading.Event())
    before = len(world.all(Ingest))
    assert before < len(paths)
    scans.task(scan_id, job["id"]).run(threading.Event())
    assert sorted(statuses(world)) == sorted(paths)
    assert len(world.all(Ingest)) == len(paths)
    progress = scans.details(scan_id)["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["folders"]) == (12, 12, 4)


@pytest.mark.usefixtures("small_batches")
def test_a_second_process_on_the_same_scan_records_nothing(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "b.txt")
    scan_id = scans.create()
    service, order, _ = scans.begin(scan_id)
    service.record(order, [Seen("a.txt", 5)], str(world.incoming))
    with pytest.raises(Conflict, match="Another process"):
        service.record(order, [Seen("a.txt", 5)], str(world.incoming))
    assert len(world.all(Ingest)) == 1


def test_a_canceled_scan_stops_and_can_go_on(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt")
    scan_id = scans.create()
    first = scans.service.process(scan_id, {"ingest": True}, URLS)["job"]
    assert first is not None
    with pytest.raises(Conflict, match="wait for its end"):
        scans.service.process(scan_id, {}, URLS)
    canceled = scans.service.cancel(scan_id, URLS)["job"]
    assert canceled is not None
    assert canceled["status"] == "CANCELED"
    with pytest.raises(Conflict, match="nothing to cancel"):
        scans.service.cancel(scan_id, URLS)
    scans.process(scan_id)
    assert statuses(world) == {"a.txt": "TRANSFERRED"}
    scans.task(scan_id, first["id"]).run(threading.Event())
    assert len(world.all(Ingest)) == 1, "its former job has nothing to do any more"
    with pytest.raises(Conflict, match="handed on all"):
        scans.service.process(scan_id, {"ingest": True}, URLS)


def test_a_scan_that_is_told_to_stop_keeps_its_place(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt", "b.txt")
    scan_id = scans.create()
    job = scans.service.process(scan_id, {"ingest": True}, URLS)["job"]
    assert job is not None
    stop = threading.Event()
    stop.set()
    scans.task(scan_id, job["id"]).run(stop)
    assert (scans.row(scan_id).progress, world.all(Ingest)) == (None, [])


def test_the_configuration_is_settled_once_files_were_taken(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt")
    scan_id = scans.create()
    scans.process(scan_id, ingest=False)
    changed: Any = {"version": "1.0", "mount": str(world.incoming), "files_to_ingest": [RULE_FOR_ALL]}
    assert scans.service.edit(scan_id, {"configuration": changed}, URLS)["preview"] is None
    scans.process(scan_id)
    with pytest.raises(Conflict, match="has taken files"):
        scans.service.edit(scan_id, {"configuration": {**changed, "files_to_ingest": [TEXTS]}}, URLS)
    assert scans.service.edit(scan_id, {"title": "T", "configuration": changed}, URLS)["title"] == "T"


def test_a_scan_that_ended_without_taking_a_file_begins_anew(world: World, scans: Scans) -> None:
    (world.incoming / "link.txt").symlink_to("a.txt")
    scan_id = scans.create()
    empty = scans.process(scan_id)["progress"]
    assert empty is not None
    assert (empty["files_seen"], empty["files_taken"], empty["ended"] is None) == (1, 0, False)
    fill(world.incoming, "a.txt", "x/b.txt")
    begun = scans.service.process(scan_id, {"ingest": True}, URLS)
    assert (begun["progress"], scans.row(scan_id).place) == (None, None)
    assert begun["job"] is not None
    scans.task(scan_id, begun["job"]["id"]).run(threading.Event())
    world.complete(begun["job"]["id"])
    progress = scans.details(scan_id)["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["files_refused"]) == (3, 2, 1)
    assert scans.ingest() == [None, None]
    assert statuses(world) == {"link.txt": "ERRORED", "a.txt": "INGESTED", "x/b.txt": "INGESTED"}
    assert len(world.all(Ingest)) == 3, "what is refused again is recorded once"
    with pytest.raises(Conflict, match="handed on all"):
        scans.service.process(scan_id, {"ingest": True}, URLS)


def test_a_scan_that_took_no_file_can_be_edited_and_begins_anew(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.doc", "b.doc")
    scan_id = scans.create()
    progress = scans.process(scan_id)["progress"]
    assert progress is not None
    assert progress["files_unmatched"] == 2
    changed: Any = {"version": "1.0", "mount": str(world.incoming), "files_to_ingest": [RULE_FOR_ALL]}
    edited = scans.service.edit(scan_id, {"configuration": changed}, URLS)
    assert (edited["progress"], scans.row(scan_id).place) == (None, None)
    scans.process(scan_id)
    assert statuses(world) == {"a.doc": "TRANSFERRED", "b.doc": "TRANSFERRED"}


@pytest.mark.usefixtures("small_batches")
def test_a_canceled_scan_that_took_no_file_can_be_edited_and_begins_anew(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.doc", "b.txt")
    scan_id = scans.create()
    service, order, _ = scans.begin(scan_id)
    service.record(order, [Seen("a.doc", 5)], str(world.incoming))
    changed: Any = {"version": "1.0", "mount": str(world.incoming), "files_to_ingest": [RULE_FOR_ALL]}
    with pytest.raises(Conflict, match="wait for its end"):
        scans.service.edit(scan_id, {"configuration": changed}, URLS)
    scans.service.cancel(scan_id, URLS)
    assert scans.row(scan_id).place == "a.doc"
    scans.service.edit(scan_id, {"configuration": changed}, URLS)
    scans.process(scan_id)
    assert statuses(world) == {"a.doc": "TRANSFERRED", "b.txt": "TRANSFERRED"}


def test_a_second_scan_of_the_same_files_makes_duplicates_and_leaves_the_originals(world: World, scans: Scans) -> None:
    fill(world.incoming, "a.txt")
    scans.process(scans.create())
    assert scans.ingest() == [None]
    scans.process(scans.create(name="again"))
    assert scans.ingest() == [None]
    assert [one.status for one in world.all(Ingest)] == ["INGESTED", "DUPLICATE"]
    assert len(world.all(ScaleFile)) == 1
    assert (world.incoming / "a.txt").exists()
    assert [path.name for path in world.storage.rglob("*") if path.is_file()] == ["a.txt"]


def test_files_of_one_name_in_many_folders_all_get_a_place(world: World, scans: Scans) -> None:
    fill(world.incoming, *(f"{number}/a.txt" for number in range(5)))
    scans.process(scans.create())
    assert scans.ingest() == [None] * 5
    stored = {(world.storage / one.file_path).read_text() for one in world.all(ScaleFile)}
    assert stored == {f"{number}/a.txt" for number in range(5)}


def test_a_place_is_kept_whatever_the_names_are(world: World, scans: Scans) -> None:
    name = os.fsdecode(b"z\xff\\ \n.txt")
    (world.incoming / name).write_text("x")
    scans.process(scans.create())
    assert scans.row(1).place == escaped(name) == "z\\xff\\\\ \\x0a.txt"


def test_files_of_a_workspace_are_registered_where_they_lie(world: World, scans: Scans) -> None:
    fill(world.storage, "a.txt", "x/a.txt", "x/b.doc")
    before = {path: path.stat().st_mtime_ns for path in world.storage.rglob("*")}
    scans.process(scans.create(IN_PLACE, workspace="raw"))
    assert scans.ingest() == [None, None]
    files = world.all(ScaleFile)
    assert sorted(one.file_path for one in files) == ["a.txt", "x/a.txt"]
    assert {(one.file_size, one.media_type, *one.data_type) for one in files} == {
        (5, "text/plain", "t"),
        (7, "text/plain", "t"),
    }
    assert all(one.checksum.startswith("sha256:") for one in files)
    assert {path: path.stat().st_mtime_ns for path in world.storage.rglob("*")} == before
    progress = scans.process(scans.create(IN_PLACE, name="again", workspace="raw"))["progress"]
    assert progress is not None
    assert (progress["files_known"], progress["files_taken"], progress["files_unmatched"]) == (2, 0, 1)
    assert len(world.all(Ingest)) == 2


def test_two_scans_register_a_file_once(world: World, scans: Scans) -> None:
    fill(world.storage, "a.txt")
    for name in ("one", "two"):
        scans.process(scans.create(IN_PLACE, name=name, workspace="raw"))
    assert scans.ingest() == [None, None]
    (first, second) = world.all(Ingest)
    assert (first.status, second.status) == ("INGESTED", "DUPLICATE")
    assert second.source_file_id == first.source_file_id
    assert "same content" in second.reason
    assert len(world.all(ScaleFile)) == 1
    assert (world.storage / "a.txt").exists()


def test_files_that_are_the_same_in_place_are_all_registered(world: World, scans: Scans) -> None:
    for folder in ("x", "y"):
        fill(world.storage / folder, "a.txt")
    scans.process(scans.create(IN_PLACE, workspace="raw"))
    assert scans.ingest() == [None, None]
    assert [one.file_path for one in world.all(ScaleFile)] == ["x/a.txt", "y/a.txt"]


def test_files_of_a_workspace_are_copied_into_another(world: World, scans: Scans) -> None:
    other = world.workspace("other")
    fill(other, "x/a.txt", "x/gone.txt")
    scans.process(scans.create(TEXTS, workspace="other"))
    (other / "x/gone.txt").unlink()
    ends = [None if one is None else one.kind for one in scans.ingest()]
    assert ends == [None, "input"]
    (file,) = world.all(ScaleFile)
    assert (world.storage / file.file_path).read_text() == "x/a.txt"
    assert (other / "x/a.txt").read_text() == "x/a.txt"
    assert not [*(world.folder / "fetched").iterdir()]
