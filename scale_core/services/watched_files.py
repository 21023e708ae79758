"""What a Strike process has seen in a bucket (decision 0044)."""

from collections.abc import Callable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.models import WatchedFile, Workspace
from scale_core.interfaces.broker import Broker, ListedFile
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import invalid
from scale_core.services.transfers import TransferService
from scale_core.watching.records import Arrival, WatchOrder

CHUNK = 500
"""So many paths are asked for in one statement."""


class WatchedFileService:
    """A Strike process's memory of the files of a bucket."""

    def __init__(self, context: Context, strike_id: int) -> None:
        self._context = context
        self._strike_id = strike_id

    def broker(self, workspace_name: str) -> tuple[int, Broker]:
        """The id and the broker of the workspace that is watched.

        :raises Invalid: there is none, it is not active, or it cannot be used here.
        """
        workspace_id, configuration = self.workspace(workspace_name)
        return workspace_id, broker_for(self._context, configuration)

    def workspace(self, workspace_name: str) -> tuple[int, Document]:
        """The id and the configuration of the workspace that is watched.

        :raises Invalid: there is none, or it is not active.
        """
        with self._context.database.read() as session:
            workspace = session.scalar(select(Workspace).where(Workspace.name == workspace_name))
        if workspace is None or not workspace.is_active:
            detail = f'The workspace "{workspace_name}" is watched, and must exist and be active.'
            raise invalid("/configuration/monitor/workspace_name", detail)
        return workspace.id, workspace.json_config

    def news(self, files: Sequence[ListedFile]) -> list[ListedFile]:
        """Those of the files that have not been seen, or were replaced since."""
        known: dict[str, str] = {}
        with self._context.database.read() as session:
            for start in range(0, len(files), CHUNK):
                paths = [one.path for one in files[start : start + CHUNK]]
                rows = session.execute(
                    select(WatchedFile.path, WatchedFile.version).where(
                        WatchedFile.strike_id == self._strike_id, WatchedFile.path.in_(paths)
                    )
                )
                known |= {row.path: row.version for row in rows}
        return [one for one in files if known.get(one.path) != one.version]

    def arrived(
        self,
        order: WatchOrder,
        found: Sequence[tuple[ListedFile, Arrival]],
        also: Callable[[Session], None] = lambda _session: None,
    ) -> None:
        """Record files that are whole, and that they are seen, in one transaction.

        :param also: what else that transaction is to do, first.
        """
        files = [file for file, _arrival in found]

        def note(session: Session) -> None:
            also(session)
            self._remove(session, [one.path for one in files])
            rows = [{"strike_id": self._strike_id, "path": one.path, "version": one.version} for one in files]
            session.execute(insert(WatchedFile), rows)

        TransferService(self._context).arrived(order, [arrival for _file, arrival in found], note)

    def forget_gone(self, after: str, there: Sequence[str], last: str | None) -> None:
        """Forget files that are listed no more.

        :param after: the path behind which a part of the bucket was listed.
        :param there: the paths that were found.
        :param last: the last of them; None: there are no more behind.
        """
        place, known = after, set(there)
        while True:
            with self._context.database.read() as session:
                statement = select(WatchedFile.path).where(
                    WatchedFile.strike_id == self._strike_id, WatchedFile.path > place
                )
                if last is not None:
                    statement = statement.where(WatchedFile.path <= last)
                paths = list(session.scalars(statement.order_by(WatchedFile.path).limit(CHUNK)))
            gone = [path for path in paths if path not in known]
            if gone:
                with self._context.database.write() as session:
                    self._remove(session, gone)
            if len(paths) < CHUNK:
                return
            place = paths[-1]

    def _remove(self, session: Session, paths: Sequence[str]) -> None:
        for start in range(0, len(paths), CHUNK):
            some = paths[start : start + CHUNK]
            session.execute(
                delete(WatchedFile).where(WatchedFile.strike_id == self._strike_id, WatchedFile.path.in_(some))
            )
