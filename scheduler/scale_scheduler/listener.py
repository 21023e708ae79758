"""Hearing from other processes that there is something to do."""

import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError

from scale_core.backoff import Backoff
from scale_core.db.database import Database
from scale_core.db.postgres import QUEUE_CHANNEL
from scale_core.db.troubles import said

LONGEST_PAUSE = 5.0

log = logging.getLogger(__name__)


class QueueListener:
    """Calls ``wake`` whenever a process on the same PostgreSQL database has committed something for the scheduler, and
    whenever it may have missed that. It has a thread and a connection of its own from :meth:`start` to :meth:`stop`."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, name="listener")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)

    def _run(self) -> None:
        backoff = Backoff(0.1, LONGEST_PAUSE)
        while True:
            try:
                if self._listen(backoff):
                    return
            except (DBAPIError, self._database.engine.dialect.loaded_dbapi.Error) as error:
                pause = backoff.next()
                log.warning("Other processes cannot be heard: %s; trying again in %g s.", said(error), pause)
                if select.select([self._stopped], [], [], pause)[0]:
                    return

    def _listen(self, backoff: Backoff) -> bool:
        """Wake the scheduler until the connection is lost, or (True) this is stopped."""
        pooled = self._database.engine.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            pooled.detach()
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {QUEUE_CHANNEL}")
            backoff.reset()
            self._wake()
            while True:
                ready = select.select([connection, self._stopped], [], [])[0]
                if self._stopped in ready:
                    return True
                connection.poll()
                if connection.notifies:
                    connection.notifies.clear()
                    self._wake()
        finally:
            connection.close()
