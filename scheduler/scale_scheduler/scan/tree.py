"""What a Scan sees in a tree of folders."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from scale_core.domain.file_names import name_problem
from scale_core.services.scan_progress import Seen
from scale_core.storage.walk import Found, walk
from scale_core.watching.directory import is_deleted, refusal
from scale_core.watching.mounts import WatchUnavailable


def tree_entries(root: Path, behind: str | None, *, is_recursive: bool) -> Iterator[Seen]:
    """Files and folders below ``root``, and what is refused: symbolic links and others that are no files, names that
    cannot be kept, folders that cannot be read.

    :param is_recursive: whether folders are looked into; otherwise they are left out.
    :raises WatchUnavailable: ``root`` is empty, though something was seen there.
    :raises OSError: ``root`` itself cannot be read, or goes away meanwhile.
    """
    if behind is not None and _is_empty(root):
        raise WatchUnavailable(f"{root} is empty, though files were seen there. Mount what is to be there.")
    for found in walk(root, behind, lambda folder: is_recursive and name_problem(folder.name) is None):
        if is_recursive if found.is_folder else not is_deleted(found.name):
            yield _seen(found)


def unreadable(trouble: str) -> str:
    """Why a folder is refused that cannot be read.

    :param trouble: what the storage says.
    """
    return f"it cannot be read: {trouble}; let Scale read it"


def _is_empty(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def _seen(found: Found) -> Seen:
    if not found.is_folder:
        return Seen(found.path, found.facts.st_size, refusal(found.name, found.facts.st_mode))
    trouble = None if found.trouble is None else unreadable(found.trouble)
    return Seen(found.path, None, refusal(found.name, stat.S_IFREG) or trouble)
