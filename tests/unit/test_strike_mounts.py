"""From a Strike's mount to a directory."""

from pathlib import Path

import pytest

from scale_scheduler.strike.mounts import WatchUnavailable, filesystem_type, polled, read_mounts, resolve

MOUNTS = read_mounts(
    "/dev/vda / ext4 rw 0 0\n"
    "server:/export /mnt/all nfs4 rw 0 0\n"
    "server:/export/data /mnt/with\\040space nfs rw 0 0\n"
    "[fe80::1]:/export /mnt/six nfs rw 0 0\n"
    "server:/other /mnt/fuse fuse.sshfs rw 0 0\n"
    "tmpfs /tmp tmpfs rw 0 0\n"
)


@pytest.mark.parametrize(
    ("mount", "directory"),
    [
        ("/local/path", "/local/path"),
        ("server:/export", "/mnt/all"),
        ("server:/export/in", "/mnt/all/in"),
        ("server:/export/data/in", "/mnt/with space/in"),
        ("[fe80::1]:/export/x", "/mnt/six/x"),
    ],
)
def test_a_mount_is_found_where_it_is_mounted(mount: str, directory: str) -> None:
    assert resolve(mount, MOUNTS) == Path(directory)


@pytest.mark.parametrize("mount", ["server:/exported", "other:/export", "server:/other"])
def test_what_is_not_mounted_says_how_to_mount_it(mount: str) -> None:
    with pytest.raises(WatchUnavailable, match=f"{mount} is not mounted on this machine. Mount it"):
        resolve(mount, MOUNTS)


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
    assert polled(Path(directory), MOUNTS) is is_polled
