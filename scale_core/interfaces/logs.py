"""The logs of executions as node agents keep them: the files ``stdout`` and ``stderr`` in an execution's folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STREAMS: Final = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a log: ``data`` from byte ``offset`` on, of ``size`` bytes that exist now."""

    data: bytes
    offset: int
    size: int


def read_log(folder: Path, stream: str, offset: int, limit: int) -> LogChunk:
    """Up to ``limit`` bytes of a log from ``offset`` on, while it is written or afterwards; empty where there is none.

    :param folder: the execution's folder.
    :raises ValueError: ``stream`` is neither stdout nor stderr, or a number is negative.
    """
    check_log_request(stream, offset, limit)
    try:
        with (folder / stream).open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(min(offset, size))
            return LogChunk(log.read(min(limit, max(0, size - offset))), offset, size)
    except FileNotFoundError:
        return LogChunk(b"", offset, 0)


def check_log_request(stream: str, offset: int, limit: int) -> None:
    """Refuse what no log can be asked for.

    :raises ValueError: ``stream`` is neither stdout nor stderr, or a number is negative.
    """
    if stream not in STREAMS:
        raise ValueError(f"There is no log {stream!r}; there are {' and '.join(STREAMS)}.")
    if offset < 0 or limit < 0:
        raise ValueError("offset and limit of a log must not be negative.")


def kept_in(folder: Path) -> Iterator[tuple[int, Path]]:
    """The executions that have a folder in ``folder``, by id, in no order; none where that is not there.

    :raises OSError: it cannot be read.
    """
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.name.isdigit():
                yield int(entry.name), Path(entry.path)
