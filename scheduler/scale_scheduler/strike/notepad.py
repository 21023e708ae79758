"""What keeps a Strike process from watching, where users see it."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from scale_core.services.transfers import TransferService

log = logging.getLogger(__name__)


class Notepad:
    """Shows it on the Strike and on its job execution; thread-safe. What does not answer comes before what else is
    said: a part of the process may hang while another one goes on.

    :param execution_id: of the Strike process's job.
    """

    def __init__(self, service: TransferService, execution_id: int) -> None:
        self._service = service
        self._execution_id = execution_id
        self._lock = threading.Lock()
        self._said: tuple[str | None, bool] | None = None
        self._waits_for: str | None = None
        self._shown: tuple[str | None, bool] | None = None  # whatever an earlier process has left
        self._is_closed = False

    def note(self, message: str | None) -> None:
        """Show what keeps it from watching; None: nothing does."""
        with self._lock:
            self._said = (message, True)
            self._show()

    def progress(self, message: str) -> None:
        """Show how far it is with what takes long, on the execution alone."""
        with self._lock:
            self._said = (message, False)
            self._show()

    def waits_for(self, message: str | None) -> None:
        """Show what does not answer; None: all does, and what was said last is shown."""
        with self._lock:
            self._waits_for = message
            self._show()

    def close(self) -> None:
        """Show that nothing keeps it from watching, and from now on nothing else: another one watches, or none."""
        with self._lock:
            self._said, self._waits_for = (None, True), None
            self._show()
            self._is_closed = True

    def _show(self) -> None:
        wanted = self._said if self._waits_for is None else (self._waits_for, True)
        if wanted is None or wanted == self._shown or self._is_closed:
            return
        message, is_trouble = wanted
        try:
            self._service.note(self._execution_id, message, is_trouble=is_trouble)
            self._shown = wanted
        except SQLAlchemyError:
            log.exception("What a Strike is at cannot be recorded")
