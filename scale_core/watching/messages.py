"""What a watcher, or the clock, on a node asks Scale, and what it is answered (decisions 0055 and 0060).

Both are JSON. A question has a number, one more than the one before it has of the same execution; it is asked again, as
it is, until it is answered, and the next one only then. What records something is recorded once for each number.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from scale_core import __version__

MOST_ITEMS: Final = 512
MOST_BYTES: Final = 128 << 10
"""How much is asked at once, about."""

PAGE: Final = 500
"""Transfers under way that are answered at once, at most."""

T = TypeVar("T")


class Asks(StrEnum):
    """What is asked. What a question is about, and what its answer is, is in :mod:`~scale_core.watching.remote`."""

    ORDER = "order"
    CURRENT = "current"
    WATCHES = "watches"
    UNDER_WAY = "under_way"
    NAMES_BEING_INGESTED = "names_being_ingested"
    UNRECORDED = "unrecorded"
    SEEN = "seen"
    GONE = "gone"
    REFUSED = "refused"
    ARRIVED = "arrived"
    RELEASE = "release"
    NOTE = "note"
    NEWS = "news"
    LISTED = "listed"
    FOUND = "found"
    TICK = "tick"
    """What the clock asks, about nothing: what is due is fired, and the answer is in how many seconds to ask again."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``release`` is that of the node's Scale."""

    number: int
    asks: str
    about: Any = None
    release: str = __version__


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the question of that number.

    :param over: why the watcher is to end; None: it is not.
    :param trouble: why there is no answer, though it can be asked again; None: there is one.
    :param revision: when the Strike process was last edited.
    """

    number: int
    answer: Any = None
    over: str | None = None
    trouble: str | None = None
    revision: datetime | None = None


def encode_question(one: Question) -> bytes:
    """A question as it travels."""
    # Not orjson: names that are no text are asked about too, in the form of surrogates.
    return json.dumps([one.number, one.asks, one.about, one.release]).encode()


def decode_question(data: bytes) -> Question:
    """A question.

    :raises ValueError: it is none.
    """
    return _read(data, lambda fields: Question(int(fields[0]), str(fields[1]), fields[2], str(fields[3])))


def encode_answer(one: Answer) -> bytes:
    """An answer as it travels."""
    revision = None if one.revision is None else one.revision.isoformat()
    return json.dumps([one.number, one.answer, one.over, one.trouble, revision]).encode()


def decode_answer(data: bytes) -> Answer:
    """An answer.

    :raises ValueError: it is none.
    """
    return _read(data, lambda fields: Answer(int(fields[0]), fields[1], fields[2], fields[3], _moment(fields[4])))


def portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Items of JSON, in groups that may be asked about at once."""
    group: list[T] = []
    size = 0
    for one in items:
        length = len(json.dumps(one))
        if group and (len(group) == MOST_ITEMS or size + length > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += length
    if group:
        yield group


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _read(data: bytes, make: Callable[[Sequence[Any]], T]) -> T:
    try:
        return make(json.loads(data))
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"It is neither a node's question nor an answer to one: {error!r}") from error
