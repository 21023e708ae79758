"""The folders of executions on a node."""

import contextlib
import json
import os
import shutil
from pathlib import Path

from scale_core.interfaces.logs import STREAMS

REPORT = "report.json"
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
KEPT = frozenset({*STREAMS, REPORT})


class ExecutionFolders:
    """``<root>/<execution id>/``. While an execution runs its folder belongs to it; afterwards stdout, stderr and
    ``report.json`` stay."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}/"

    def path(self, execution_id: int) -> str:
        """The folder of an execution."""
        return self._prefix + str(execution_id)

    def make(self, execution_id: int) -> str:
        """Make the empty folder of an execution; what another one of the same id left is removed.

        :raises OSError: it cannot be made.
        """
        folder = self.path(execution_id)
        try:
            os.mkdir(folder)  # noqa: PTH102 - for every execution; a path object costs as much as the call
        except FileExistsError:
            shutil.rmtree(folder)
            os.mkdir(folder)  # noqa: PTH102
        return folder

    def keep_report(self, execution_id: int, report: bytes) -> None:
        """Write the report, so that it can be told after a crash. In one write: another process's death cannot tear
        it, and what a power loss tears is not JSON any more.

        :raises OSError: it cannot be written.
        """
        path = f"{self.path(execution_id)}/{REPORT}"
        try:
            descriptor = os.open(path, NEW_FILE, 0o644)
        except FileExistsError:  # the command wrote something of that name
            _remove(path)
            descriptor = os.open(path, NEW_FILE, 0o644)
        try:
            if os.write(descriptor, report) < len(report):
                raise OSError(f"{path} could only be written in part")
        finally:
            os.close(descriptor)

    def report(self, execution_id: int) -> bytes | None:
        """The report of an execution that ended, or None where there is none that is whole."""
        try:
            report = Path(self.path(execution_id), REPORT).read_bytes()
            json.loads(report)
        except (OSError, ValueError):
            return None
        return report

    def tidy(self, execution_id: int) -> None:
        """Remove inputs, outputs and temporary files. What cannot be removed stays until the folder goes."""
        with contextlib.suppress(OSError), os.scandir(self.path(execution_id)) as entries:
            for entry in entries:
                if entry.name not in KEPT:
                    _remove(entry.path)


def _remove(path: str) -> None:
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        Path(path).unlink(missing_ok=True)
