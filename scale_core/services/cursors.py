"""Cursors: what a link to a neighbouring page says of where that page begins.

A cursor is opaque to clients. It holds the way to go, and of the row that the page begins behind what it has in the
first column of the order and its id; and a digest of these and of the order and filters that it belongs to. The digest
keeps no secret: who makes a cursor up gets no more than who asks for another page.
"""

import base64
import hashlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from scale_core.db.keyset import Place
from scale_core.services.exceptions import Invalid, invalid

PARAMETER: Final = "cursor"
NOT_SELECTING: Final = frozenset({"page", "page_size", PARAMETER})
"""Parameters that say which part of a list is shown, not what is on it."""

DIGEST_BYTES: Final = 9
GREATEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind which place a page begins, in the order of the list or against it."""

    place: Place
    is_backwards: bool

    def text(self, query: Any) -> str:
        """As clients see it.

        :param query: the parameters of the list.
        """
        content = orjson.dumps([int(self.is_backwards), self.place.key, self.place.row_id])
        return base64.urlsafe_b64encode(_digest(content, query) + content).decode().rstrip("=")


def read_cursor(text: str, query: Any, kind: type, parameter: str = PARAMETER) -> Cursor:
    """The cursor that a client sends back.

    :param query: the parameters of the list.
    :param kind: of what the first column of the order has.
    :param parameter: what the client sends it as.
    :raises Invalid: it is none, or belongs to another order or other filters.
    """
    try:
        sent = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        digest, content = sent[:DIGEST_BYTES], sent[DIGEST_BYTES:]
        is_backwards, key, row_id = orjson.loads(content)
        place = Place(_key(key, kind), _id(row_id))
    except (ValueError, TypeError):
        raise _foreign(parameter) from None
    if digest != _digest(content, query):
        raise _foreign(parameter)
    return Cursor(place, bool(is_backwards))


def _digest(content: bytes, query: Any) -> bytes:
    selecting = {one.name: getattr(query, one.name) for one in fields(query) if one.name not in NOT_SELECTING}
    said = orjson.dumps([type(query).__name__, selecting], default=str)
    return hashlib.blake2b(content + said, digest_size=DIGEST_BYTES).digest()


def _id(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= GREATEST:
        raise ValueError("no id")
    return value


def _key(value: Any, kind: type) -> Any:
    """What is in a column of this kind.

    :raises ValueError: this cannot be.
    """
    if value is None:
        return None
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if type(value) is not kind or (isinstance(value, int) and abs(value) > GREATEST):
        raise ValueError(f"no {kind.__name__}")
    return value


def _foreign(parameter: str) -> Invalid:
    return invalid(
        parameter,
        "This cursor belongs to no list, or to one in another order or with other filters: take it from `next` or "
        "`previous` of a page as it is, with all that is beside it there.",
    )
