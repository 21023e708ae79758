"""Ids that travel beside a statement as one value, so that its text is the same however many there are."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

_IDS: Final = "given_ids"


def is_given(column: ColumnElement[Any], dialect: str, name: str = _IDS) -> ColumnElement[bool]:
    """The column is one of the ids that the statement is executed with (:func:`given`).

    :param dialect: name of the database system.
    :param name: tells several of them in one statement apart.
    """
    if dialect == "sqlite":
        each = func.json_each(bindparam(name, type_=Text(), required=False)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(name, type_=ARRAY(BigInteger()), required=False))


def given(ids: Sequence[int], dialect: str, name: str = _IDS) -> dict[str, Any]:
    """What a statement with :func:`is_given` is executed with."""
    return {name: orjson.dumps(ids).decode() if dialect == "sqlite" else list(ids)}
