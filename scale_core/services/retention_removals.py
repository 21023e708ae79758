"""Removes the bytes of what the database says to be gone: logs, files in workspaces."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import select, update

from scale_core.db.models import Archive, ScaleFile, Workspace
from scale_core.interfaces.broker import BrokerError
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError
from scale_core.services.execution_logs import ExecutionLogs
from scale_generated.enums import RetentionKind

log = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""So many archives with something left to remove are read at one time."""

DELETING: Final = "deletion of files"


class Removals:
    """Removes what is pending."""

    def __init__(self, context: Context, logs: ExecutionLogs) -> None:
        self._context = context
        self._logs = logs

    def finish(self) -> None:
        """Remove what earlier runs did not come to, or could not remove.

        :raises OSError: the engine cannot remove logs now.
        """
        last = 0
        while True:
            pending = select(Archive).where(Archive.pending.is_not(None), Archive.id > last).order_by(Archive.id)
            with self._context.database.read() as session:
                found = session.scalars(pending.limit(AT_ONCE)).all()
            if not found:
                return
            for archive in found:
                self.remove(archive)
                last = archive.id

    def remove(self, archive: Archive) -> None:
        """Remove the bytes of an archive's executions or files. What a workspace does not let go of stays pending."""
        ids = archive.pending or []
        left = self._logs.forget(ids) if archive.kind == RetentionKind.LOGS else self._delete(ids)
        with self._context.database.write() as session:
            session.execute(update(Archive).where(Archive.id == archive.id).values(pending=left or None))

    def _delete(self, ids: Sequence[int]) -> list[int]:
        """Delete files; those that cannot be."""
        statement = select(ScaleFile.id, ScaleFile.file_path, Workspace).join(Workspace).where(ScaleFile.id.in_(ids))
        with self._context.database.read() as session:
            rows = session.execute(statement.order_by(ScaleFile.id)).all()
        left: list[int] = []
        for file_id, path, workspace in rows:
            try:
                self._delete_one(workspace, path)
            except (BrokerError, ServiceError) as error:
                if not left:
                    log.warning(
                        "The content of files cannot be deleted from the workspace %r, and is tried again: %s",
                        workspace.name,
                        error,
                        extra={"file_id": file_id},
                    )
                left.append(file_id)
        return left

    def _delete_one(self, workspace: Workspace, path: str) -> None:
        """Delete a file. Where the workspace hangs that is not waited for, and comes to no other file of it."""
        broker = broker_for(self._context, workspace.json_config)
        seconds = self._context.settings.content_seconds
        self._context.questions.ask((DELETING, workspace.name), seconds, partial(broker.delete, path))
