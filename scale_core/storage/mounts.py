"""What is mounted on this machine, and where an export of an NFS server is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

NFS_TYPES: Final = frozenset({"nfs", "nfs4"})
NETWORK_TYPES: Final = NFS_TYPES | {
    *("9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "smb3", "smbfs", "virtiofs"),
    *("fuse.sshfs", "fuse.s3fs", "fuse.rclone"),
}
"""File systems on which other machines write: the kernel here hears nothing of it."""

_ESCAPE = re.compile(r"\\([0-7]{3})")
_EXPORT = re.compile(r"^(\[[^\]]+\]|[^/:]+):(/.*)$")


@dataclass(frozen=True, slots=True)
class Export:
    """A folder of an NFS server, written ``host:/path`` (reference: Workspaces, Strike)."""

    host: str
    path: PurePosixPath

    @classmethod
    def parse(cls, text: str) -> "Export | None":
        """The export that ``text`` names; None: it names none."""
        found = _EXPORT.match(text)
        return None if found is None else cls(found[1], PurePosixPath(found[2]))

    def below(self, other: "Export") -> PurePosixPath | None:
        """The way from ``other`` down to this one; None: it is not there."""
        is_below = self.host == other.host and self.path.is_relative_to(other.path)
        return self.path.relative_to(other.path) if is_below else None

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: what is mounted (``host:/export``, ``/dev/sda1``), which folder of it, where, and its
    type."""

    source: str
    root: PurePosixPath
    target: Path
    type: str

    @property
    def export(self) -> Export | None:
        """What of an NFS server is there; None: it is no NFS."""
        export = Export.parse(self.source) if self.type in NFS_TYPES else None
        if export is None:
            return None
        return Export(export.host, export.path.joinpath(*self.root.parts[1:]))


def mounted(table: Path = MOUNTS) -> list[Mount]:
    """What is mounted now, in the order in which it was."""
    return read_mounts(table.read_text(errors="surrogateescape"))


def read_mounts(text: str) -> list[Mount]:
    """The lines of ``/proc/self/mountinfo``."""
    mounts = []
    for line in text.splitlines():
        about, _, system = line.partition(" - ")
        _id, _parent, _device, root, target = (_plain(field) for field in about.split(" ")[:5])
        kind, source = (_plain(field) for field in system.split(" ")[:2])
        mounts.append(Mount(source, PurePosixPath(root), Path(target), kind))
    return mounts


def place_of(export: Export, mapped: Mapping[Export, Path], mounts: Sequence[Mount]) -> Path | None:
    """The folder of this machine that holds ``export``: as the installation maps it, else where it, or a folder above
    it, is mounted. None: it is not there."""
    found = [(export.below(one), place) for one, place in mapped.items()]
    ways = [(way, place) for way, place in found if way is not None]
    if ways:
        way, place = min(ways, key=lambda each: len(each[0].parts))
        return place / way
    for mount in reversed(mounts):
        way_below = None if mount.export is None else export.below(mount.export)
        if way_below is not None:
            return mount.target / way_below
    return None


def is_network(directory: Path, mounts: Sequence[Mount]) -> bool:
    """Whether other machines may write to ``directory`` without a word of it here."""
    return filesystem_type(directory, mounts) in NETWORK_TYPES


def filesystem_type(directory: Path, mounts: Sequence[Mount]) -> str:
    """Type of the file system that holds ``directory``; empty where it is not known."""
    holding = [one for one in mounts if directory.is_relative_to(one.target)]
    # of mounts on one target, the last one covers the others
    return max(reversed(holding), key=lambda one: len(one.target.parts)).type if holding else ""


def _plain(field: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
