"""The logs of the job step: stdout and stderr in the execution's folder."""

import os
from pathlib import Path

CHUNK = 1 << 20
LAST_LINE = 500
"""Characters of the last line that a message quotes."""


def limit_log(path: Path, limit: int) -> None:
    """Shorten a log to ``limit`` bytes or a little more: its beginning, a note, and its end. In bounded memory."""
    if not path.exists() or (size := path.stat().st_size) <= limit:
        return
    head = limit // 2
    note = f"\n[… {size - limit} bytes left out: the log is limited to {limit} bytes …]\n".encode()
    with path.open("r+b") as log:
        read_at, write_at = size - (limit - head), head + len(note)
        log.seek(head)
        if read_at < write_at:
            return
        log.write(note)
        while True:
            log.seek(read_at)
            chunk = log.read(CHUNK)
            if not chunk:
                break
            log.seek(write_at)
            log.write(chunk)
            read_at += len(chunk)
            write_at += len(chunk)
        log.truncate(write_at)


def append_line(path: Path, line: str) -> None:
    """Add a line to a log."""
    with path.open("ab") as log:
        log.write(line.encode(errors="replace") + b"\n")


def last_line(path: Path) -> str:
    """The last line of a log that is not blank, shortened; empty where there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4 * LAST_LINE))
            lines = log.read(4 * LAST_LINE).decode(errors="replace").split("\n")
    except OSError:
        return ""
    text = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return text if len(text) <= LAST_LINE else f"…{text[-LAST_LINE:]}"
