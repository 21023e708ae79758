"""Whether folders answer: a mount whose server is gone lets nobody know who asks it for something (decision 0048)."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from scale_core.interfaces.options import OptionError
from scale_core.storage.ending import end
from scale_core.storage.nfs_options import NFS, NfsOptions

log = logging.getLogger(__name__)

LOOK: Final = "import os, sys; os.stat(sys.argv[1]); os.statvfs(sys.argv[1])"
"""A server is always asked for the latter, whatever of the rest the kernel remembers. An error is an answer, too."""

COMMAND: Final = (sys.executable, "-I", "-S", "-c", LOOK)

PATIENCE_SECONDS: Final = 10.0
"""How long a folder may say nothing, unless the installation is less patient with NFS."""

ANEW_SECONDS: Final = 20.0
"""How often a folder that hangs is asked anew: what is mounted there may be another by now."""

REST_SECONDS: Final = 5.0
"""How long a folder that has answered is not asked again."""

END_SECONDS: Final = 0.2


def patience(storage_options: Mapping[str, Mapping[str, object]]) -> float:
    """Seconds that a folder may say nothing, as the installation's options of storage say."""
    return min(PATIENCE_SECONDS, longest_silence(storage_options))


def longest_silence(storage_options: Mapping[str, Mapping[str, object]]) -> float:
    """Seconds of silence after which work on NFS is given up, as the installation's options of storage say."""
    try:
        return NfsOptions.of(storage_options.get(NFS, {})).timeout
    except OptionError:  # whoever needs them says what is wrong
        return NfsOptions().timeout


@dataclass(slots=True)
class _Question:
    """A process that asks a folder, since ``asked``; times are monotonic."""

    process: "subprocess.Popen[bytes]"
    asked: float
    hangs_since: float | None = None


class Answering:
    """Asks folders in processes of their own. Thread-safe; no call waits for a folder.

    :param patience_seconds: how long a folder may take.
    """

    def __init__(
        self,
        patience_seconds: float = PATIENCE_SECONDS,
        command: tuple[str, ...] = COMMAND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience_seconds = patience_seconds
        self._command = command
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._questions: dict[str, _Question] = {}
        self._answered: dict[str, float] = {}
        self._is_closed = False

    def hangs(self, folder: str) -> bool:
        """Whether a folder does not answer, as far as is known now; ask again and again, while there is a suspicion or
        somebody waits for it."""
        with self._lock:
            now = self._monotonic()
            question = self._questions.get(folder)
            if question is None:
                if now - self._answered.get(folder, -REST_SECONDS) >= REST_SECONDS:
                    self._ask(folder, now, None)
                return False
            return self._is_unanswered(folder, question, now)

    def is_known_to_hang(self, path: str) -> bool:
        """Whether a file is in a folder that was found not to answer, or below it, and still does not."""
        with self._lock:
            now = self._monotonic()
            above = [
                (folder, question)
                for folder, question in self._questions.items()
                if question.hangs_since is not None and path.startswith(f"{folder}/")
            ]
            return any(self._is_unanswered(folder, question, now) for folder, question in above)

    def number_hanging(self) -> int:
        """How many folders were found not to answer, and still do not."""
        with self._lock:
            now = self._monotonic()
            hanging = [(one, question) for one, question in self._questions.items() if question.hangs_since is not None]
            return sum(self._is_unanswered(folder, question, now) for folder, question in hanging)

    def processes(self) -> set[int]:
        """Ids of those that ask."""
        with self._lock:
            return {question.process.pid for question in self._questions.values()}

    def close(self) -> None:
        """Ask nothing any more."""
        with self._lock:
            self._is_closed = True
            for question in self._questions.values():
                end(question.process, END_SECONDS)
            self._questions.clear()

    def _is_unanswered(self, folder: str, question: _Question, now: float) -> bool:
        """Whether a question has waited for too long."""
        if question.process.poll() is not None and question.process.returncode >= 0:
            del self._questions[folder]
            self._answered[folder] = now
            return False
        if question.hangs_since is None and now - question.asked >= self.patience_seconds:
            question.hangs_since = question.asked
        if now - question.asked >= ANEW_SECONDS:
            self._ask_anew(folder, question, now)
        return question.hangs_since is not None

    def _ask(self, folder: str, now: float, hangs_since: float | None) -> None:
        if self._is_closed:
            return
        try:
            process = subprocess.Popen(
                [*self._command, folder],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            log.warning("Whether %s answers cannot be asked: %s", folder, error)
            return
        self._questions[folder] = _Question(process, now, hangs_since)

    def _ask_anew(self, folder: str, question: _Question, now: float) -> None:
        """Ask with another process, once the one before is gone: of those that the kernel keeps there is one."""
        question.process.kill()
        if question.process.poll() is not None:
            self._ask(folder, now, question.hangs_since)


def trouble_with(folder: str, seconds: float) -> str:
    """What people are told of a folder that does not answer."""
    return (
        f"{folder} has not answered for {seconds:.0f} s: the file system there hangs. Check its server and the "
        "network; where the server is gone for good, `umount -f` ends what waits for it. What waits goes on when it "
        "answers again."
    )
