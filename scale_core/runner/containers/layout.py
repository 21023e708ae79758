"""The folders of an execution in a container.

In the container they lie at the same paths as they do outside, so that arguments, manifests and ARTIFACT lines mean the
same in both. The execution's folder itself, which is the command's working folder, HOME and TMPDIR, is one within it:
logs and report are not in the container's reach, which could put links there that lead us astray.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scale_core.runner.folder import RunFolder

WORK: Final = "work"
"""Holds what the command writes to its working folder."""

TEMPORARY: Final = "tmp"
"""Holds what it writes to /tmp and /var/tmp, which thus counts as written by the execution."""

TEMPORARY_PLACES: Final = ("/tmp", "/var/tmp")  # noqa: S108 - of the container

NOBODY: Final = (65532, 65532)
"""Who commands run as where the agent is root; `nonroot` in many images."""


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder ``source`` of this machine that the container sees as ``target``."""

    source: str
    target: str
    read_only: bool = False


def command_user(user: tuple[int, int] | None) -> tuple[int, int]:
    """Numbers of the user and group that a command runs as; None: this process's own, and nobody's if it is root."""
    if user is not None:
        return user
    return (os.geteuid(), os.getegid()) if os.geteuid() != 0 else NOBODY


def lay_out(folder: RunFolder, user: tuple[int, int]) -> list[Bind]:
    """Make the folders that a container writes to, and tell what it sees; input files that are symbolic links are seen
    as what they lead to.

    :param user: who is to write there.
    :raises OSError: a folder cannot be made or given to that user.
    """
    work, temporary = Path(folder.root, WORK), Path(folder.root, TEMPORARY)
    binds = [Bind(str(temporary), place) for place in TEMPORARY_PLACES]
    binds.append(Bind(str(work), folder.root))
    _make(work, user)
    _make(temporary, user)
    for place in TEMPORARY_PLACES:
        if Path(folder.root).is_relative_to(place):
            # Where the container's engine will mount; it would make them as root.
            (temporary / Path(folder.root).relative_to(place)).mkdir(parents=True, exist_ok=True)
    if Path(folder.outputs).is_dir():
        _give(Path(folder.outputs), user)
        binds.append(_mounted(Bind(folder.outputs, folder.outputs), work))
    if Path(folder.inputs).is_dir():
        binds.append(_mounted(Bind(folder.inputs, folder.inputs, read_only=True), work))
        binds.extend(_linked_inputs(Path(folder.inputs)))
    return binds


def _make(folder: Path, user: tuple[int, int]) -> None:
    folder.mkdir(0o700)
    _give(folder, user)


def _give(folder: Path, user: tuple[int, int]) -> None:
    """Only root can; else the command runs as this process's own user, or as one that the Docker engine maps to it."""
    if os.geteuid() == 0:
        os.chown(folder, *user)


def _mounted(bind: Bind, work: Path) -> Bind:
    """Have a place in the working folder for what is seen there."""
    (work / Path(bind.target).name).mkdir()
    return bind


def _linked_inputs(inputs: Path) -> Iterator[Bind]:
    """An input that is a symbolic link leads nowhere in the container: put an empty file in its place, over which what
    it leads to is mounted. Folders of inputs are opened to whoever the command runs as."""
    inputs.chmod(0o755)
    for folder in inputs.iterdir():
        folder.chmod(0o755)
        for file in folder.iterdir():
            if file.is_symlink():
                source = file.resolve()
                file.unlink()
                file.touch(0o444)
                yield Bind(str(source), str(file), read_only=True)
