"""Scans of workspaces on real servers: NFS over its protocol, and SFTP."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import scale_broker_fsspec.plugin
import scale_broker_nfs.plugin
from fakes.scans import TEXTS, Scans
from fakes.sftp_server import sftp_server
from fakes.world import World
from scale_core.db.models import Ingest, ScaleFile
from scale_scheduler.failures import TaskFailed

IN_PLACE: Any = {"filename_regex": r".*\.txt$", "data_types": ["t"]}

Archive = tuple[World, Path]
"""An installation with a workspace ``archive`` on a server, and the folder in which that server keeps its files."""


def on_nfs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    server = request.getfixturevalue("nfs_server")
    folder = server.path("data") / f"scan-{tmp_path.name}"
    folder.mkdir()
    world = World(tmp_path, scale_broker_nfs.plugin, storage_options={"nfs": server.options()})
    world.workspace_on("archive", server.configuration("data", f"/{folder.name}"))
    yield world, folder


def on_sftp(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    root = tmp_path / "served"
    (root / "files").mkdir(parents=True)
    with sftp_server(root) as server:
        world = World(tmp_path, scale_broker_fsspec.plugin, storage_options={"fsspec": server.options()})
        world.workspace_on("archive", server.configuration("/files"))
        yield world, root / "files"


@pytest.fixture(params=[on_nfs, on_sftp], ids=["nfs", "sftp"])
def archive(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    make: Callable[[Path, pytest.FixtureRequest], Iterator[Archive]] = request.param
    yield from make(tmp_path, request)


def fill(folder: Path) -> None:
    for path in ("a.txt", "x/a.txt", "x/y/b.txt", "x/b.doc"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "link.txt").symlink_to("a.txt")
    (folder / "x/outside").symlink_to("/etc")


def test_files_on_a_server_are_previewed_and_registered_where_they_lie(archive: Archive) -> None:
    world, folder = archive
    fill(folder)
    scans = Scans(world)
    scan_id = scans.create(IN_PLACE, workspace="archive")
    preview = scans.process(scan_id, ingest=False)["preview"]
    assert preview is not None
    assert (preview["files_seen"], preview["files_taken"], preview["files_unmatched"]) == (4, 3, 1)
    assert preview["rules"][0]["examples"] == ["a.txt", "x/a.txt", "x/y/b.txt"]
    assert world.all(Ingest) == []
    progress = scans.process(scan_id)["progress"]
    assert progress is not None
    assert (progress["files_taken"], progress["bytes_taken"]) == (3, 21)
    assert scans.ingest() == [None] * 3
    files = world.all(ScaleFile)
    assert [(one.file_path, one.file_size) for one in files] == [("a.txt", 5), ("x/a.txt", 7), ("x/y/b.txt", 9)]
    assert (folder / "x/a.txt").read_text() == "x/a.txt"


def test_files_on_a_server_are_copied_into_another_workspace(archive: Archive) -> None:
    world, folder = archive
    fill(folder)
    scans = Scans(world)
    scans.process(scans.create(TEXTS, workspace="archive"))
    assert scans.ingest() == [None] * 3
    stored = {(world.storage / one.file_path).read_text() for one in world.all(ScaleFile)}
    assert stored == {"a.txt", "x/a.txt", "x/y/b.txt"}
    assert (folder / "a.txt").read_text() == "a.txt"


@pytest.mark.parametrize("archive", [on_sftp], ids=["sftp"], indirect=True)
def test_a_file_whose_name_is_not_utf_8_is_refused_by_name_and_others_are_taken(archive: Archive) -> None:
    world, folder = archive
    for name in (b"a.txt", b"caf\xe9.txt"):
        (folder / os.fsdecode(name)).write_bytes(name)
    scans = Scans(world)
    progress = scans.process(scans.create(IN_PLACE, workspace="archive"))["progress"]
    assert progress is not None
    assert (progress["files_seen"], progress["files_taken"], progress["files_refused"]) == (2, 1, 1)
    assert {(one.file_name, one.status) for one in world.all(Ingest)} == {
        ("a.txt", "TRANSFERRED"),
        ("caf\\xe9.txt", "ERRORED"),
    }


def test_a_scan_of_a_folder_that_is_gone_fails_and_says_so(archive: Archive) -> None:
    world, folder = archive
    folder.rmdir()
    scans = Scans(world)
    with pytest.raises(TaskFailed, match=r"Cannot list files"):
        scans.process(scans.create(IN_PLACE, workspace="archive"), ingest=False)
