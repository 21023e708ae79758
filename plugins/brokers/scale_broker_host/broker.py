"""The ``host`` broker (reference: Workspaces; endpoints: settled 10)."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from scale_core.interfaces.broker import BrokerError, FileMissing, PathRefused, StorageUnavailable
from scale_core.storage.faults import storage_errors
from scale_core.storage.tree import TreeBroker


class HostBroker(TreeBroker):
    """Stores the files of a workspace below a folder of this machine. The root is made by :meth:`check` only."""

    type_name: ClassVar[str] = "host"
    configuration_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            "type": {"const": "host", "description": "Files are kept in a folder of the machine."},
            "host_path": {
                "type": "string",
                "pattern": r"^(?!(?:[^/]*/)*\.\.(?:/|$))/[^\x00-\x1f\x7f]*$",
                "description": "The absolute path of the workspace's folder, without '..'.",
            },
        },
        "required": ["type", "host_path"],
        "additionalProperties": False,
    }

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """A broker on the folder ``host_path``."""
        return cls(Path(configuration["host_path"]))

    def check(self) -> None:
        """Make the root where it does not exist; it must be a folder that can be read and written."""
        with self._root_errors():
            self._root.mkdir(parents=True, exist_ok=True)
        super().check()

    def probe(self) -> None:
        """The root must be such a folder, or one that can be made."""
        with self._root_errors():
            if os.path.lexists(self._root):
                self._root.mkdir(exist_ok=True)  # it is a folder, or this says what it is
                above = None
            else:
                above = next(one for one in self._root.parents if os.path.lexists(one))
                os.scandir(above).close()
        if above is None:
            super().check()
        elif not os.access(above, os.W_OK | os.X_OK):
            raise StorageUnavailable(f"{self._root} cannot be made: {above} must be a folder that this user can write.")

    @contextmanager
    def _root_errors(self) -> Iterator[None]:
        try:
            with storage_errors("use the workspace's folder", self._root):
                yield
        except PathRefused as error:
            raise PathRefused(
                f"{self._root} cannot be the workspace's folder: {_reason(error)}. Name one that is there, or can be."
            ) from error
        except FileMissing as error:
            raise StorageUnavailable(
                f"{self._root} cannot be made: {_reason(error)}. Make it, or name another folder."
            ) from error


def _reason(error: BrokerError) -> str:
    cause = error.__cause__
    return str(cause.strerror) if isinstance(cause, OSError) else str(error)
