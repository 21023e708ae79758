"""What a Scan has found so far, as it is kept and shown."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from typing import Final, NamedTuple, Self, cast

from scale_core.domain.file_names import escaped
from scale_core.services.serialization import SerializerContext
from scale_generated import models

MOST_REFUSED: Final = 100
MOST_EXAMPLES: Final = 10
"""How many files are named, at most: in all, and for each rule."""


class Seen(NamedTuple):
    """A file or folder that a Scan sees.

    :param path: below where it looks, as Python reads it (``surrogateescape``), with ``/`` between parts; that of a
        folder may end with one.
    :param size: bytes; None: a folder.
    :param refusal: why it cannot be ingested; None: it may be.
    """

    path: str
    size: int | None
    refusal: str | None = None

    @property
    def name(self) -> str:
        """Its name, without folders."""
        return self.path.rstrip("/").rpartition("/")[2]


class Progress:
    """Counts what becomes of files.

    :param document: what was counted before; it is not changed.
    """

    def __init__(self, document: models.ScanProgress) -> None:
        self._document = deepcopy(document)

    @classmethod
    def begun(cls, now: datetime, rules: int) -> Self:
        """Nothing is found yet.

        :param rules: how many the Scan has.
        """
        return cls(
            {
                "started": SerializerContext.moment(now) or "",
                "ended": None,
                "at": None,
                "folders": 1,
                "files_seen": 0,
                "files_taken": 0,
                "files_known": 0,
                "files_unmatched": 0,
                "files_refused": 0,
                "bytes_seen": 0,
                "bytes_taken": 0,
                "rules": [{"files": 0, "bytes": 0, "examples": []} for _ in range(rules)],
                "refused": [],
            }
        )

    def document(self) -> models.ScanProgress:
        """What is counted."""
        return deepcopy(self._document)

    def saw(self, seen: Sequence[Seen]) -> None:
        """Count files and folders, of which it is told next what becomes of them; there is one at least."""
        sizes = [one.size for one in seen if one.size is not None]
        self._document["folders"] += sum(one.size is None and one.refusal is None for one in seen)
        self._document["files_seen"] += len(sizes)
        self._document["bytes_seen"] += sum(sizes)
        self._document["at"] = escaped(seen[-1].path)

    def takes(self, file: Seen, rule: int) -> None:
        """Count a file that the rule of this number (from 0 on) takes."""
        size = file.size or 0
        self._document["files_taken"] += 1
        self._document["bytes_taken"] += size
        of_rule = self._document["rules"][rule]
        of_rule["files"] += 1
        of_rule["bytes"] += size
        if len(of_rule["examples"]) < MOST_EXAMPLES:
            of_rule["examples"].append(escaped(file.path))

    def knows(self) -> None:
        """Count a file that its workspace has already."""
        self._document["files_known"] += 1

    def leaves(self) -> None:
        """Count a file that no rule matches."""
        self._document["files_unmatched"] += 1

    def refuses(self, file: Seen, reason: str) -> None:
        """Count a file, or a folder with all that is in it, that cannot be ingested."""
        self._document["files_refused"] += 1
        if len(self._document["refused"]) < MOST_REFUSED:
            self._document["refused"].append({"path": escaped(file.path), "reason": reason})

    def ends(self, now: datetime) -> None:
        """Everything is seen."""
        self._document["ended"] = SerializerContext.moment(now)


def progress_of(document: dict[str, object]) -> Progress:
    """What a row of the table keeps."""
    return Progress(cast("models.ScanProgress", document))
