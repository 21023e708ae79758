"""Watching the files of a workspace whose storage lists them (decision 0044): what is new is copied to a folder of this
machine and handed on as what was transferred there; or, where nodes ingest, is left for them to fetch."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from scale_core.domain.strike import match_file
from scale_core.interfaces.broker import Broker, ListedFile, StorageUnavailable
from scale_core.watching.recorder import Recorder, WatchedFiles
from scale_core.watching.records import LONGEST_NAME, Arrival, WatchOrder, file_name
from scale_core.watching.staging import Staging

log = logging.getLogger(__name__)

PAGE: Final = 1000
"""Files that are listed at a time: the most that S3 gives in one answer."""

GROUP: Final = 64
"""Files that are copied and recorded together."""

WAIT_SECONDS: Final = 1.0
"""How often it is looked whether there is room again."""

IsOver = Callable[[float], bool]
"""Waits for so many seconds, and says whether watching is to end: the Strike process stops, or was edited."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BucketWatch:
    """Compares the files of a bucket with those that were seen, and hands on what is new.

    :param workspace_id: the id of the workspace.
    :param staging: where files are copied to; None: they are left for those who ingest them.
    """

    def __init__(
        self,
        order: WatchOrder,
        broker: Broker,
        prefix: str,
        workspace_id: int,
        recorder: Recorder,
        watched: WatchedFiles,
        staging: Staging | None = None,
    ) -> None:
        self._order = order
        self._broker = broker
        self._prefix = prefix
        self._workspace_id = workspace_id
        self._recorder = recorder
        self._watched = watched
        self._staging = staging
        self.unsettled = False
        """Whether files wait for an earlier one of their name."""

    def recover(self) -> None:
        """Remove what an earlier process copied and did not come to record."""
        if self._staging is not None:
            self._staging.recover(self._recorder)

    def look(self, is_over: IsOver) -> None:
        """List all files once and take what is new; bounded memory, however many they are.

        :raises BrokerError: the storage cannot be listed or read now.
        """
        after, behind, self.unsettled = "", "", False
        while not is_over(0):
            files = self._broker.list_files(self._prefix, after, PAGE)
            _require_readable(files)
            is_last = len(files) < PAGE
            named = [one.path for one in files if _is_text(one.path)]  # others are never taken, and none is known
            last = named[-1] if named else behind
            self._watched.forget_gone(behind, named, None if is_last else last)
            self.take(files, is_over)
            if is_last:
                return
            after, behind = files[-1].path, last

    def take(self, files: Iterable[ListedFile], is_over: IsOver) -> None:
        """Take those of the files that a rule matches and that are new; each is recorded and queued.

        :raises BrokerError: the storage cannot be read now.
        """
        wanted = [one for one in files if self._is_wanted(one)]
        new = self._watched.news(wanted)
        for start in range(0, len(new), GROUP):
            group = self._ready(new[start : start + GROUP])
            while group and not self._has_room() and not is_over(WAIT_SECONDS):
                pass
            if is_over(0):
                return
            if group:
                self._take_group(group)

    def _is_wanted(self, file: ListedFile) -> bool:
        """Whether a rule matches the name, which must be one that a file can have."""
        name = file_name(file)
        if not name or match_file(self._order.configuration, name) is None:
            return False
        if not _is_text(file.path) or _CONTROL.search(name) or len(name.encode()) > LONGEST_NAME:
            log.debug("Strike %r: %r has a name that no file can have", self._order.name, file.path)
            return False
        return True

    def _ready(self, files: Sequence[ListedFile]) -> list[ListedFile]:
        """Those whose name no earlier file under way has; the others wait until the next look."""
        names = {file_name(one): one for one in reversed(files)}
        busy = self._recorder.names_being_ingested(self._order.strike_id, list(names))
        ready = [one for name, one in names.items() if name not in busy and not self._is_staged(name)]
        self.unsettled |= len(ready) < len(files)
        return ready

    def _is_staged(self, name: str) -> bool:
        return self._staging is not None and self._staging.has(name)

    def _has_room(self) -> bool:
        return self._staging is None or self._staging.has_room()

    def _take_group(self, files: Sequence[ListedFile]) -> None:
        found = [(one, self._left(one)) for one in files] if self._staging is None else self._staging.copies(files)
        if found:
            self._watched.arrived(self._order, found)
            log.info("Strike %r: %d files arrived", self._order.name, len(found))

    def _left(self, file: ListedFile) -> Arrival:
        """A file that stays where it is until its ingest fetches it."""
        return Arrival(file_name(file), file.path, file.path, file.size, origin_id=self._workspace_id)


def _require_readable(files: Iterable[ListedFile]) -> None:
    """Stop where what is in a folder would be taken for gone."""
    for one in files:
        if one.trouble:
            raise StorageUnavailable(f"The folder {one.path} cannot be read: {one.trouble}. Let Scale read it.")


def _is_text(path: str) -> bool:
    """Whether a path is UTF-8: Python reads one that is not as halves of characters, which cannot be written."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
