"""The threads that move source files where parse results want them: storage may be slow, and the scheduler must not."""

import logging
import threading
import time
from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from scale_core.backoff import Backoff
from scale_core.db.troubles import is_passing, said
from scale_core.interfaces.broker import StorageUnavailable
from scale_core.services.context import Context
from scale_core.services.moves import asked_moves, finish_move
from scale_core.watching.pulse import Pulse
from scale_scheduler.lookout import Lookout

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often it is looked for moves that nobody told of: a commit may have happened whose answer was lost."""


PATIENCE_SECONDS: Final = 600.0
"""How long storage that cannot be reached is asked again to move a file, whose PARSE event waits for that. A server
that was silent may have moved it: only when it answers is it known where the file is."""


class Moves:
    """Carries out the moves that are written down, from :meth:`open` on until it is closed: those of each workspace in
    a thread of its own, so that one whose storage hangs holds up no other."""

    def __init__(self, context: Context, lookout: Lookout) -> None:
        self._context = context
        self._lookout = lookout
        self._stopping = threading.Event()
        self._of_workspaces: dict[str, _WorkspaceMoves] = {}
        self._thread = threading.Thread(target=self._work, name="moves", daemon=True)

    def open(self) -> None:
        """Start the thread that hands out, with the moves that an earlier process left; nothing if it is started."""
        if self._thread.ident is None:
            self._thread.start()

    def ask_to_end(self) -> None:
        """Begin no other move; returns at once."""
        self._stopping.set()
        self._context.moves_asked.set()

    def close(self, timeout_seconds: float) -> None:
        """Wait for the moves that are under way, but for those that hang; what is left is done at the next start."""
        self.ask_to_end()
        deadline = time.monotonic() + timeout_seconds
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        for one in list(self._of_workspaces.values()):
            one.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        backoff = Backoff(longest=LOOK_SECONDS)
        while not self._stopping.is_set():
            try:
                self._hand_out()
            except SQLAlchemyError as error:
                delay = backoff.next()
                log.warning("Files cannot be moved now: %s; trying again in %g s", said(error), delay)
                self._stopping.wait(delay)
            else:
                backoff.reset()
                self._context.moves_asked.wait(LOOK_SECONDS)

    def _hand_out(self) -> None:
        """Have the moves that are asked for carried out.

        :raises SQLAlchemyError: the database is in trouble.
        """
        for workspace, file_ids in asked_moves(self._context).items():
            if workspace not in self._of_workspaces:
                moves = _WorkspaceMoves(self._context, workspace, self._lookout, self._stopping)
                self._of_workspaces[workspace] = moves
            self._of_workspaces[workspace].add(file_ids)


class _WorkspaceMoves:
    """The moves in one workspace, one after the other, by a thread that is there while there are any.

    :param stopping: once it is set, no move begins.
    """

    def __init__(self, context: Context, workspace: str, lookout: Lookout, stopping: threading.Event) -> None:
        self._context = context
        self._workspace = workspace
        self._lookout = lookout
        self._stopping = stopping
        self._stuck: dict[int, float] = {}
        """Files that could not be moved, with since when (monotonic)."""
        self._lock = threading.Lock()
        self._asked: dict[int, None] = {}
        self._pulse = Pulse()
        self._thread: threading.Thread | None = None

    def add(self, file_ids: Iterable[int]) -> None:
        """Have files moved; those that were added and have not been begun are moved once."""
        with self._lock:
            self._asked.update(dict.fromkeys(file_ids))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"moves in {self._workspace}", daemon=True)
                self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the move that is under way, unless it hangs."""
        thread = self._thread
        if thread is not None and not self._lookout.hangs(self._pulse):
            thread.join(timeout_seconds)

    def _work(self) -> None:
        backoff = Backoff(longest=LOOK_SECONDS)
        with self._lookout.over(f"Moving files in the workspace {self._workspace!r}") as self._pulse:
            while (file_id := self._next()) is not None:
                try:
                    self._finish(file_id)
                except SQLAlchemyError as error:
                    self.add([file_id])
                    delay = backoff.next()
                    log.warning("Files cannot be moved now: %s; trying again in %g s", said(error), delay)
                    self._stopping.wait(delay)
                else:
                    backoff.reset()

    def _next(self) -> int | None:
        """The file that is moved next; None: there is none, and the thread ends."""
        with self._lock:
            if not self._asked or self._stopping.is_set():
                self._thread = None
                return None
            file_id = next(iter(self._asked))
            del self._asked[file_id]
            return file_id

    def _finish(self, file_id: int) -> None:
        """Move a file. What cannot be moved is logged, and tried again when it is added again.

        :raises SQLAlchemyError: the database is in trouble.
        """
        now = time.monotonic()
        is_last = now - self._stuck.get(file_id, now) >= PATIENCE_SECONDS
        try:
            finish_move(self._context, file_id, self._pulse.beat, is_last_try=is_last)
        except StorageUnavailable as error:
            if file_id not in self._stuck:
                about = {"file_id": file_id}
                log.warning("File %d cannot be moved now: %s It is tried again", file_id, error, extra=about)
            self._stuck.setdefault(file_id, now)
        except Exception as error:  # a broker may be broken in any way, and the other files are to be moved
            if is_passing(error):
                raise
            if file_id not in self._stuck:
                log.exception("File %d cannot be moved; it is tried again", file_id, extra={"file_id": file_id})
            self._stuck.setdefault(file_id, now)
        else:
            self._stuck.pop(file_id, None)
