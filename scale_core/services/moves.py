"""Moving source files inside their workspace, where a parse result says so: first the rows, then the bytes.

What is to be moved is written down with the parse result, in one transaction; whoever leads carries it out from there,
now or after a crash, and then lets the PARSE event of the file happen.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from scale_core.db.database import WriteSession
from scale_core.db.models import ScaleFile, Workspace
from scale_core.interfaces.broker import BrokerError, StorageUnavailable
from scale_core.interfaces.trigger import FileFacts, TriggerEvent
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.triggering import fire

log = logging.getLogger(__name__)

PARSE = "PARSE"


def fire_parsed(session: WriteSession, context: Context, file: ScaleFile) -> None:
    """The PARSE trigger event of a file."""
    facts = FileFacts(file.id, file.file_name, file.media_type, frozenset(file.data_type))
    description = {"version": "1.0", "parse_id": file.id, "file_name": file.file_name}
    fire(session, context, TriggerEvent(PARSE, context.now(), facts), description)


def ask_for_move(session: WriteSession, context: Context, file: ScaleFile, destination: str) -> None:
    """Write down that a file is to be moved to the path ``destination`` of its workspace."""
    file.moving_to = destination
    if context.moves_asked.set not in session.after_commit:
        session.after_commit.append(context.moves_asked.set)


def asked_moves(context: Context) -> dict[str, list[int]]:
    """Ids of the files whose move is written down and not done, oldest first, by the names of their workspaces."""
    statement = select(ScaleFile.id, Workspace.name).join(Workspace).where(ScaleFile.moving_to.is_not(None))
    asked: dict[str, list[int]] = {}
    with context.database.read() as session:
        for file_id, workspace in session.execute(statement.order_by(ScaleFile.id)):
            asked.setdefault(workspace, []).append(file_id)
    return asked


def finish_move(
    context: Context,
    file_id: int,
    works_in: Callable[[Path | None], None] = lambda _folder: None,
    *,
    is_last_try: bool = True,
) -> None:
    """Carry out the move that is written down for a file, then let its PARSE event happen. Idempotent. A file that its
    storage does not move stays where it is, and its event happens.

    :param works_in: is told the folder of this machine in which the file is moved, if it is one, and None after that.
    :param is_last_try: False: storage that cannot be reached is no reason to leave the file where it is.
    :raises StorageUnavailable: that is so. The move is written down and to be finished.
    :raises ServiceError: nothing here knows the workspace's broker.
    :raises SQLAlchemyError: the database is in trouble. As before it, the move is written down and to be finished.
    """
    with context.database.read() as session:
        file = session.get_one(ScaleFile, file_id)
        path, destination, configuration = file.file_path, file.moving_to, file.workspace.json_config
    if destination is None:
        return
    broker = broker_for(context, configuration)
    works_in(broker.local_folder)
    try:
        broker.move(path, destination)
    except BrokerError as error:
        if isinstance(error, StorageUnavailable) and not is_last_try:
            raise
        log.error("A file stays at %s and is not moved to %s: %s", path, destination, error, extra={"file_id": file_id})
        destination = path
    finally:
        works_in(None)
    with context.database.write() as session:
        file = session.get_one(ScaleFile, file_id)
        if file.moving_to is None:  # somebody else was quicker, and the event has happened
            return
        file.file_path, file.moving_to, file.last_modified = destination, None, context.now()
        fire_parsed(session, context, file)
