"""Inputs that are links to stored files, and whether one was written to while a command ran."""

import os
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Final

Facts = tuple[int, int, int, int]
"""Device, inode, size, and when it was written to: all that stays when names of a file come and go."""

PATIENCE_SECONDS: Final = 10.0
"""How long symbolic links are looked at: they may lead to a mount that hangs."""


def facts_of(result: os.stat_result) -> Facts:
    """What is compared of a file."""
    return result.st_dev, result.st_ino, result.st_size, result.st_mtime_ns


def followed(paths: Sequence[str]) -> dict[str, Facts]:
    """Facts of the files that symbolic links lead to, as far as they are told in time."""
    if not paths:
        return {}
    told: queue.SimpleQueue[dict[str, Facts]] = queue.SimpleQueue()
    threading.Thread(target=lambda: told.put(_facts(paths)), name="linked-inputs", daemon=True).start()
    try:
        return told.get(timeout=PATIENCE_SECONDS)
    except queue.Empty:
        return {}


def written_to(hard: Mapping[str, Facts], symbolic: Mapping[str, Facts]) -> list[str]:
    """Paths of the links, out of those that were noted, whose files have been written to. One that the command removed
    or replaced says nothing.

    :param hard: what was noted of hard links.
    :param symbolic: what was noted of files that symbolic links lead to.
    """
    now = _facts([*hard]) | followed([*symbolic])
    before = {**hard, **symbolic}
    return [path for path, facts in now.items() if facts != before[path] and facts[:2] == before[path][:2]]


def _facts(paths: Sequence[str]) -> dict[str, Facts]:
    found = {}
    for path in paths:
        try:
            found[path] = facts_of(os.stat(path))  # noqa: PTH116 - there may be very many
        except OSError:
            continue
    return found
