"""Saving rows: only what differs, and names that are unique."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scale_core.db.base import Record
from scale_core.db.types import is_same_document
from scale_core.services.exceptions import Conflict


def differing(record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that the record does not have."""
    return {name: value for name, value in values.items() if not is_same_document(getattr(record, name), value)}


def change(record: Record, values: Mapping[str, Any], now: datetime) -> bool:
    """Set those of ``values`` that differ, and ``last_modified`` if any does; whether one did."""
    different = differing(record, values)
    for name, value in different.items():
        setattr(record, name, value)
    if different:
        record.last_modified = now
    return bool(different)


def insert(session: Session, record: Record, conflict: str) -> None:
    """Insert a row whose name is unique.

    :raises Conflict: somebody else inserted one of that name at the same moment; its message is ``conflict``.
    """
    session.add(record)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(conflict) from error
