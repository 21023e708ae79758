"""A folder that a process serves, as a server does a mount: where the process is stopped, work on it hangs."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes.machine import missing
from fakes.waiting import SECONDS, until

__all__ = ["HangingMount", "hanging_mount"]


@dataclass(frozen=True)
class HangingMount:
    """A mount at ``place``, of what is in ``storage``."""

    place: Path
    storage: Path
    server: "subprocess.Popen[bytes]"

    def hang(self) -> None:
        """Answer nothing."""
        self.server.send_signal(signal.SIGSTOP)

    def answer(self) -> None:
        """Answer again, also what waits."""
        self.server.send_signal(signal.SIGCONT)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Answer nothing in this block."""
        self.hang()
        try:
            yield
        finally:
            self.answer()


@pytest.fixture
def hanging_mount(tmp_path: Path) -> Iterator[HangingMount]:
    """A mount of one test; conftest.py gives it to those of its folder."""
    if os.geteuid() != 0 or shutil.which("bindfs") is None:
        missing("Tests of mounts that hang need bindfs, as root. On Debian: sudo apt-get install bindfs")
    place, storage = tmp_path / "mount", tmp_path / "storage-of-mount"
    place.mkdir()
    storage.mkdir()
    server = subprocess.Popen([str(shutil.which("bindfs")), "-f", storage, place])

    def is_there() -> bool:
        assert server.poll() is None, "bindfs did not start"
        return os.path.ismount(place)

    until(is_there)
    mount = HangingMount(place, storage, server)
    yield mount
    mount.answer()
    server.terminate()
    server.wait(SECONDS)
    subprocess.run(["umount", "--lazy", place], check=False, stderr=subprocess.DEVNULL)  # noqa: S607 - whichever there is
