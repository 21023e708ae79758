"""From a Strike's ``mount`` to the directory of this machine, and whether that tells of changes."""

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")

NETWORK_TYPES = frozenset(
    {"9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"}
)
"""File systems on which other machines write: the kernel here hears nothing of it."""

_ESCAPE = re.compile(r"\\([0-7]{3})")
_EXPORT = re.compile(r"^(\[[^\]]+\]|[^/:]+):(/.*)$")


class WatchUnavailable(Exception):
    """The directory cannot be watched now; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: what is mounted (``host:/export``, ``/dev/sda1``), where, and of which type."""

    source: str
    target: Path
    type: str


def read_mounts(text: str) -> list[Mount]:
    """The lines of ``/proc/self/mounts``, in the order in which they were mounted."""
    mounts = []
    for line in text.splitlines():
        source, target, kind = (_ESCAPE.sub(_unescape, field) for field in line.split(" ")[:3])
        mounts.append(Mount(source, Path(target), kind))
    return mounts


def resolve(mount: str, mounts: list[Mount]) -> Path:
    """The directory that ``mount`` names: ``/abs/path`` itself, ``host:/path`` through an NFS mount that exists.

    :raises WatchUnavailable: nothing that is mounted holds ``host:/path``.
    """
    export = _EXPORT.match(mount)
    if export is None:
        return Path(mount)
    host, path = export[1], Path(export[2])
    for one in reversed(mounts):
        exported = _EXPORT.match(one.source)
        if one.type in ("nfs", "nfs4") and exported and exported[1] == host and path.is_relative_to(exported[2]):
            return one.target / path.relative_to(exported[2])
    raise WatchUnavailable(
        f"{mount} is not mounted on this machine. Mount it (`mount -t nfs {mount} DIRECTORY`), "
        "or name a local directory as /absolute/path."
    )


def polled(directory: Path, mounts: list[Mount]) -> bool:
    """Whether changes in ``directory`` have to be looked for, since its file system does not tell of all of them."""
    return filesystem_type(directory, mounts).removeprefix("fuse.") in NETWORK_TYPES | {"sshfs", "s3fs", "rclone"}


def filesystem_type(directory: Path, mounts: list[Mount]) -> str:
    """Type of the file system that holds ``directory``; empty where it is not known."""
    holding = [one for one in mounts if directory.is_relative_to(one.target)]
    # of mounts on one target, the last one covers the others
    return max(reversed(holding), key=lambda one: len(one.target.parts)).type if holding else ""


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 8))
