"""Having the kernel mount an export of an NFS server, where it knows NFS and this user may."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scale_core.storage.mounts import MOUNTS, Export, mounted, place_of
from scale_core.storage.nfs_options import NfsOptions

FILE_SYSTEMS: Final = Path("/proc/filesystems")


class MountRefused(Exception):
    """The kernel does not mount it; the message says why."""


def mount_arguments(program: str, export: Export, target: Path, options: NfsOptions) -> Sequence[str]:
    """The argument vector. What is mounted runs nothing and has no devices, and calls that the server does not answer
    fail in the end (``soft``; ``timeo`` is in tenths of a second)."""
    tenths = max(1, int(options.timeout * 10 / 3))
    words = ("nosuid", "nodev", "noexec", "soft", f"timeo={tenths}", "retrans=2", f"port={options.port}")
    return [program, "-t", "nfs4", "-o", ",".join(words), str(export), str(target)]


def kernel_mount(export: Export, options: NfsOptions, table: Path = MOUNTS, systems: Path = FILE_SYSTEMS) -> Path:
    """Mount ``export`` in the folder for that, unless another process just did; where it is.

    :raises MountRefused: the kernel or this user may not, the server does not answer in time, or it refuses.
    """
    program = shutil.which("mount")
    if options.kernel == "off":
        raise MountRefused("the option 'kernel' is off")
    if os.geteuid() != 0 or program is None:
        raise MountRefused("this user may not mount")
    if shutil.which("mount.nfs4") is None:
        raise MountRefused("the package nfs-common is not installed")
    if "nfs4" not in systems.read_text().split() and not Path("/lib/modules", os.uname().release).is_dir():
        raise MountRefused("the kernel knows no NFS")
    target = options.mount_folder / hashlib.sha256(str(export).encode()).hexdigest()[:16]
    try:
        target.mkdir(parents=True, exist_ok=True)
        with _alone(options.mount_folder / ".lock"):
            there = place_of(export, {}, mounted(table))
            if there is None:
                _mount(mount_arguments(program, export, target, options), options.timeout)
            return there or target
    except OSError as error:
        raise MountRefused(f"{error.strerror or error} ({options.mount_folder})") from error


def _mount(arguments: Sequence[str], seconds: float) -> None:
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise MountRefused(f"the server did not answer within {seconds:g} s") from error
    if done.returncode != 0:
        raise MountRefused(done.stderr.decode(errors="replace").strip().replace("\n", "; ") or "mount failed")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process mounts at a time."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
