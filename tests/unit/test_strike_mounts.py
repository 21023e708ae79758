"""From a Strike's mount to a directory."""

from pathlib import Path

import pytest

from scale_core.storage.kernel_mounts import MountRefused, kernel_mount, mount_arguments
from scale_core.storage.mounts import Export, filesystem_type, is_network, place_of, read_mounts
from scale_core.storage.nfs_options import NfsOptions
from scale_core.watching.mounts import WatchUnavailable, resolve

MOUNTS = read_mounts(
    "1 0 254:0 / / rw - ext4 /dev/vda rw\n"
    "2 1 0:30 / /mnt/all rw,relatime shared:7 - nfs4 server:/export rw,vers=4.2\n"
    "3 1 0:31 / /mnt/with\\040space rw - nfs server:/export/data rw\n"
    "4 1 0:32 / /mnt/six rw - nfs [fe80::1]:/export rw\n"
    "5 1 0:33 / /mnt/fuse rw - fuse.sshfs server:/other rw\n"
    "6 1 0:34 / /tmp rw - tmpfs tmpfs rw\n"
    "7 1 0:35 /deep /mnt/bound rw - nfs4 filer:/vol rw\n"
)
MAPPED = {Export.parse("server:/export/mapped"): Path("/map"), Export.parse("server:/export/mapped/low"): Path("/low")}
OPTIONS = NfsOptions({export: place for export, place in MAPPED.items() if export is not None})


def refuse(_export: Export, _options: NfsOptions) -> Path:
    raise MountRefused("this user may not mount")


@pytest.mark.parametrize(
    ("mount", "directory"),
    [
        ("/local/path", "/local/path"),
        ("server:/export", "/mnt/all"),
        ("server:/export/in", "/mnt/all/in"),
        ("server:/export/data/in", "/mnt/with space/in"),
        ("[fe80::1]:/export/x", "/mnt/six/x"),
        ("filer:/vol/deep/x", "/mnt/bound/x"),
        ("server:/export/mapped", "/map"),
        ("server:/export/mapped/x/y", "/map/x/y"),
        ("server:/export/mapped/low/x", "/low/x"),
    ],
)
def test_a_mount_is_where_the_installation_maps_it_else_where_it_is_mounted(mount: str, directory: str) -> None:
    assert resolve(mount, OPTIONS, MOUNTS, refuse) == Path(directory)


@pytest.mark.parametrize("mount", ["server:/exported", "other:/export", "server:/other", "filer:/vol", "filer:/vol/x"])
def test_what_is_not_mounted_is_mounted_or_says_how_to_mount_it(mount: str) -> None:
    assert resolve(mount, OPTIONS, MOUNTS, lambda _export, options: options.mount_folder) == OPTIONS.mount_folder
    with pytest.raises(WatchUnavailable, match=f"{mount} is not mounted on this machine. Mount it.*may not mount"):
        resolve(mount, OPTIONS, MOUNTS, refuse)


def test_what_the_kernel_mounts_runs_nothing_and_does_not_wait_for_ever() -> None:
    export = Export.parse("server:/a b;c")
    assert export is not None
    arguments = mount_arguments("/bin/mount", export, Path("/run/x"), NfsOptions(timeout=30.0, port=2050))
    assert arguments == [
        *("/bin/mount", "-t", "nfs4", "-o"),
        "nosuid,nodev,noexec,soft,timeo=100,retrans=2,port=2050",
        *("server:/a b;c", "/run/x"),
    ]


def test_the_kernel_is_not_asked_where_that_is_switched_off() -> None:
    export = Export.parse("server:/x")
    assert export is not None
    with pytest.raises(MountRefused, match="off"):
        kernel_mount(export, NfsOptions(kernel="off"))


@pytest.mark.parametrize(
    ("directory", "kind", "is_polled"),
    [
        ("/a", "ext4", False),
        ("/tmp/x", "tmpfs", False),
        ("/mnt/all/in", "nfs4", True),
        ("/mnt/fuse", "fuse.sshfs", True),
    ],
)
def test_network_file_systems_are_looked_at_instead_of_listened_to(directory: str, kind: str, is_polled: bool) -> None:
    assert filesystem_type(Path(directory), MOUNTS) == kind
    assert is_network(Path(directory), MOUNTS) is is_polled


def test_an_export_that_is_nowhere_has_no_place() -> None:
    export = Export.parse("server:/nowhere")
    assert export is not None
    assert place_of(export, OPTIONS.mounts, MOUNTS) is None
    assert Export.parse("/local") is None
