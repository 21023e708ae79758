"""What a Scan sees in a workspace whose storage lists its files."""

from collections.abc import Iterator
from typing import Final

from scale_core.domain.file_names import name_problem
from scale_core.interfaces.broker import Broker, ListedFile, StorageUnavailable
from scale_core.services.scan_progress import Seen
from scale_scheduler.scan.tree import unreadable

PAGE: Final = 50_000
"""Files that are listed and kept at a time."""

UNUSABLE: Final = "its path is none that a file can have: it has empty, '.' or '..' parts; rename it"


def listed_entries(broker: Broker, behind: str | None, *, is_recursive: bool) -> Iterator[Seen]:
    """Files of a workspace, in the order of their paths, and what is refused: names that cannot be kept, folders that
    cannot be read.

    :param behind: the path of what was seen last; None: from the beginning.
    :param is_recursive: whether files in folders are seen.
    :raises BrokerError: they cannot be listed; or there are none, though some were seen.
    """
    after = behind or ""
    while True:
        files = broker.list_files("", after, PAGE)
        if after and not files and not broker.list_files("", "", 1):
            raise StorageUnavailable(
                "The workspace has no files, though some were seen there. Mount what is to be there."
            )
        for file in files:
            if (is_recursive or "/" not in file.path) and not _is_folder(file):
                yield _seen(file)
        if len(files) < PAGE:
            return
        after = files[-1].path


def _is_folder(file: ListedFile) -> bool:
    """Whether it only stands for a folder, as tools for buckets make them."""
    return file.path.endswith("/") and not file.size and not file.trouble


def _seen(file: ListedFile) -> Seen:
    if not file.trouble:
        return Seen(file.path, file.size, _problem(file.path))
    return Seen(file.path, None, _problem(file.path.removesuffix("/")) or unreadable(file.trouble))


def _problem(path: str) -> str | None:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return UNUSABLE
    return next((problem for part in parts if (problem := name_problem(part))), None)
