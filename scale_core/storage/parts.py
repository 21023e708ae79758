"""Files that are on their way to their names, where a file must have one: in a folder of their own below the root, so
that what a killed process leaves there is found again."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

PARTS: Final = ".scale-parts"
LEFT_SECONDS: Final = 3600
"""From when on a part that nobody writes to is taken for one that was left: who writes does so all the time."""


def part_name(token: str) -> str:
    """The name of a part."""
    return f"{token}.part"


def is_part(name: str) -> bool:
    """Whether a file is on its way to its name, or a folder has such files."""
    return name == PARTS or (name.startswith(".scale-") and name.endswith(".part"))


def is_left(name: str, modified: int, now: int) -> bool:
    """Whether a file in the folder of parts may be removed; times in ns by the storage's own clock."""
    return name.endswith(".part") and now - modified > LEFT_SECONDS * 1_000_000_000


class Parts:
    """The folder of parts of the tree below ``root``, made when it is first needed."""

    def __init__(self, root: Path) -> None:
        self._folder = root / PARTS
        self._device: int | None = None

    def path_for(self, folder: Path) -> str:
        """Where to make a file that is to be renamed into ``folder``: among the parts, or beside it where it lies on
        another file system.

        :raises OSError: the folder of parts cannot be made.
        """
        if self._device is None:
            self._device = self._made()
        token = secrets.token_hex(8)
        if folder.stat().st_dev != self._device:
            return f"{folder}/.scale-{part_name(token)}"
        return f"{self._folder}/{part_name(token)}"

    def _made(self) -> int:
        """Make the folder, and remove what killed processes have left in it; its device."""
        self._folder.mkdir(exist_ok=True)
        probe = self._folder / part_name(secrets.token_hex(8))
        probe.touch()
        now = probe.stat().st_mtime_ns  # by the clock of the storage, which may be another's
        probe.unlink()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # another process was quicker
                    if is_left(entry.name, entry.stat(follow_symlinks=False).st_mtime_ns, now):
                        Path(entry.path).unlink()
        return self._folder.stat().st_dev
