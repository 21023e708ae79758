"""Saving rows: only what differs, and names that are unique."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from scale_core.db.base import Record
from scale_core.services.exceptions import Conflict


def same(one: object, other: object) -> bool:
    """Whether two values are the same: in documents 1, 1.0 and true are not, and the order of keys says nothing."""
    return one == other and (not isinstance(one, dict | list) or _as_text(one) == _as_text(other))


def differing(record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that the record does not have."""
    return {name: value for name, value in values.items() if not same(getattr(record, name), value)}


def change(record: Record, values: Mapping[str, Any], now: datetime) -> bool:
    """Set those of ``values`` that differ, and ``last_modified`` if any does; whether one did."""
    different = differing(record, values)
    for name, value in different.items():
        is_hidden = getattr(record, name) == value
        setattr(record, name, value)
        if is_hidden:  # SQLAlchemy takes 1 and true in documents for the same
            flag_modified(record, name)
    if different:
        record.last_modified = now
    return bool(different)


def _as_text(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def insert(session: Session, record: Record, conflict: str) -> None:
    """Insert a row whose name is unique.

    :raises Conflict: somebody else inserted one of that name at the same moment; its message is ``conflict``.
    """
    session.add(record)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(conflict) from error
