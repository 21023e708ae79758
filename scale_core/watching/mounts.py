"""From the ``mount`` of a Strike process or a Scan to the directory of this machine."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_core.interfaces.options import OptionError
from scale_core.storage.kernel_mounts import MountRefused, kernel_mount
from scale_core.storage.mounts import Export, Mount, place_of
from scale_core.storage.nfs_options import NFS, NfsOptions


class WatchUnavailable(Exception):
    """The directory cannot be watched, or looked through, now; the message says why and what would be right."""


class MountMissing(WatchUnavailable):
    """It is not there on this machine."""


def nfs_options(storage: Mapping[str, Mapping[str, Any]]) -> NfsOptions:
    """What the installation says about NFS.

    :param storage: its options of storage, by type of broker.
    :raises WatchUnavailable: it is wrong.
    """
    try:
        return NfsOptions.of(storage.get(NFS, {}))
    except OptionError as error:
        raise WatchUnavailable(str(error)) from error


def resolve(
    mount: str,
    options: NfsOptions,
    mounts: Sequence[Mount],
    mount_it: Callable[[Export, NfsOptions], Path] = kernel_mount,
) -> Path:
    """The directory that ``mount`` names: ``/abs/path`` itself; ``host:/path`` where the installation maps it, where it
    is mounted, or where the kernel mounts it now.

    :raises WatchUnavailable: none of that is possible.
    """
    export = Export.parse(mount)
    if export is None:
        return Path(mount)
    place = place_of(export, options.mounts, mounts)
    if place is not None:
        return place
    try:
        return mount_it(export, options)
    except MountRefused as error:
        raise MountMissing(
            f"{mount} is not mounted on this machine. Mount it (`mount -t nfs {mount} DIRECTORY`), say in the option "
            f"'mounts' of [storage.nfs] where it is, or name a local directory as /absolute/path. Scale cannot mount "
            f"it: {error}."
        ) from error
