"""The folders of executions in the data folder."""

import contextlib
import json
import os
import shutil
from pathlib import Path

from scale_core.interfaces.engine import ExecutionReport, LogChunk

REPORT = "report.json"
STREAMS = ("stdout", "stderr")
KEPT = frozenset({*STREAMS, REPORT})


class ExecutionFolders:
    """``<data folder>/executions/<execution id>/``. While an execution runs its folder belongs to the runner;
    afterwards stdout, stderr and ``report.json`` stay."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, execution_id: int) -> Path:
        """The folder of an execution."""
        return self.root / str(int(execution_id))

    def make(self, execution_id: int) -> Path:
        """Make the empty folder of an execution; what another one of the same id left is removed."""
        folder = self.path(execution_id)
        try:
            folder.mkdir()
        except FileExistsError:
            shutil.rmtree(folder)
            folder.mkdir()
        return folder

    def keep_report(self, report: ExecutionReport) -> None:
        """Write the report, so that it can be told after a crash. In one write: another process's death cannot tear
        it, and what a power loss tears is not JSON any more."""
        (self.path(report.execution_id) / REPORT).write_bytes(json.dumps(report.to_document()).encode())

    def report(self, execution_id: int) -> ExecutionReport | None:
        """The report of an execution that ended, or None where there is none that can be read."""
        try:
            document = json.loads((self.path(execution_id) / REPORT).read_bytes())
            return ExecutionReport.from_document(document)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def tidy(self, execution_id: int) -> None:
        """Remove inputs, outputs and temporary files. What cannot be removed stays until the folder goes."""
        with contextlib.suppress(OSError), os.scandir(self.path(execution_id)) as entries:
            for entry in entries:
                if entry.name in KEPT:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink(missing_ok=True)

    def log(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """A piece of a log; empty where there is none.

        :raises ValueError: ``stream`` is neither stdout nor stderr, or a number is negative.
        """
        if stream not in STREAMS:
            raise ValueError(f"There is no log {stream!r}; there are {' and '.join(STREAMS)}.")
        if offset < 0 or limit < 0:
            raise ValueError("offset and limit of a log must not be negative.")
        try:
            with (self.path(execution_id) / stream).open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(min(offset, size))
                return LogChunk(log.read(min(limit, max(0, size - offset))), offset, size)
        except FileNotFoundError:
            return LogChunk(b"", offset, 0)
