"""Moving source files inside their workspace, where a parse result says so: first the rows, then the bytes.

What is to be moved is written down with the parse result, in one transaction; whoever leads carries it out from there,
now or after a crash, and then lets the PARSE event of the file happen.
"""

import logging

from sqlalchemy import select

from scale_core.db.database import WriteSession
from scale_core.db.models import ScaleFile
from scale_core.interfaces.broker import BrokerError
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


def asked_moves(context: Context) -> list[int]:
    """Ids of the files whose move is written down and not done, oldest first."""
    with context.database.read() as session:
        asked = select(ScaleFile.id).where(ScaleFile.moving_to.is_not(None)).order_by(ScaleFile.id)
        return list(session.scalars(asked))


def finish_move(context: Context, file_id: int) -> None:
    """Carry out the move that is written down for a file, then let its PARSE event happen. Idempotent.

    :raises ServiceError: nothing here knows the workspace's broker.
    :raises SQLAlchemyError: the database is in trouble. As before it, the move is written down and to be finished.
    """
    with context.database.read() as session:
        file = session.get_one(ScaleFile, file_id)
        path, destination, configuration = file.file_path, file.moving_to, file.workspace.json_config
    if destination is None:
        return
    try:
        broker_for(context, configuration).move(path, destination)
    except BrokerError as error:
        log.error("A file stays at %s and is not moved to %s: %s", path, destination, error, extra={"file_id": file_id})
        destination = path
    with context.database.write() as session:
        file = session.get_one(ScaleFile, file_id)
        if file.moving_to is None:  # somebody else was quicker, and the event has happened
            return
        file.file_path, file.moving_to, file.last_modified = destination, None, context.now()
        fire_parsed(session, context, file)
