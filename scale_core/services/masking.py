"""Values as the audit list may keep them: no secrets, JSON, and not too much of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from scale_generated._runtime import timestamp

MASK: Final = "***"
MOST_BYTES: Final = 4096
"""So long may one value be, as JSON."""

_SECRET: Final = re.compile(
    r"(?:^|_|-)(?:password|passwd|passphrase|secret|token|credentials?|(?:api|access|private|secret)[_-]?key)$",
    re.IGNORECASE,
)


def masked(value: Any) -> Any:
    """The value with ``***`` for whatever a name beside it calls a secret; times and bytes as text."""
    if isinstance(value, Mapping):
        return {key: MASK if one is not None and _SECRET.search(key) else masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]
    if isinstance(value, datetime):
        return timestamp(value)
    return f"({len(value)} bytes)" if isinstance(value, bytes) else value


def bounded(values: Mapping[str, Any] | None, room: int) -> dict[str, Any] | None:
    """The values without secrets; one that is too long, or for which there is no room, only says how long it was.

    :param room: how many bytes there are for all of them.
    """
    if values is None:
        return None
    kept = {}
    for name, value in masked(values).items():
        size = len(orjson.dumps(value))
        if size > min(MOST_BYTES, room):
            value = f"({size} bytes, not kept)"
            size = len(value)
        kept[name] = value
        room -= len(name) + size
    return kept
