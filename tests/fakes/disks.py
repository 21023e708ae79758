"""Small disks that a test can fill, make read-only and take away."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.machine import missing


class SmallDisk:
    """A file system in memory, mounted at ``place``."""

    def __init__(self, place: Path, kib: int) -> None:
        self.place = place
        place.mkdir(exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={kib}k", "none", str(place))

    def change(self, options: str) -> None:
        """Remount it: ``ro``, ``rw``, ``size=64m``."""
        _mount("-o", f"remount,{options}", str(self.place))

    def fill(self, leaving_kib: int = 0) -> None:
        """Leave no more than this free."""
        with contextlib.suppress(OSError), self._filler().open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        if leaving_kib:
            os.truncate(self._filler(), self._filler().stat().st_size - leaving_kib * 1024)

    def free(self) -> None:
        """Undo :meth:`fill`."""
        self._filler().unlink(missing_ok=True)

    def _filler(self) -> Path:
        return self.place / "filler"


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[SmallDisk]:
    """A :class:`SmallDisk`; where none may be mounted, the test is skipped, and fails in CI."""
    try:
        disk = SmallDisk(place, kib)
    except subprocess.CalledProcessError as error:
        missing(f"No file system can be mounted here: {error.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S607 - wherever the system has it


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)  # noqa: S607 - as above
