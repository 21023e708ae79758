"""The collections of a catalog: Strike processes, and job types that have made products; and where their items are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from scale_core.db import collection_extents
from scale_core.db.base import Base
from scale_core.db.bulk import table_of
from scale_core.db.models import JobType, ScaleFile, Strike
from scale_core.domain.places import Box
from scale_core.domain.stac import CollectionKey, CollectionKind

_FILE: Final = table_of(ScaleFile).c
_EXTENT: Final = Base.metadata.tables[collection_extents.TABLE].c
_TALLY: Final = Base.metadata.tables["file_tally"].c


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where items are, and of what time; None: nothing is known of any.

    ``box`` is not cut at the antimeridian: what reaches across it is everywhere.
    """

    box: Box | None = None
    began: datetime | None = None
    ended: datetime | None = None

    def with_times(self, began: datetime | None, ended: datetime | None) -> "Bounds":
        """Also of this time."""
        begins = [one for one in (self.began, began) if one is not None]
        ends = [one for one in (self.ended, ended) if one is not None]
        return Bounds(self.box, min(begins, default=None), max(ends, default=None))


@dataclass(frozen=True, slots=True)
class Collection:
    """A Strike process or a job type, and the bounds of its items."""

    key: CollectionKey
    owner: Strike | JobType
    bounds: Bounds


def all_collections(session: Session) -> list[Collection]:
    """Those of all Strike processes, then those of job types that have made products; by id."""
    bounds = _bounds(session)
    of_strikes = select(Strike, *_undated_of(Strike.id, CollectionKind.STRIKE)).order_by(Strike.id)
    makers = select(_TALLY.job_type_id).where(_TALLY.file_type == "PRODUCT", _TALLY.job_type_id.is_not(None))
    makers = makers.group_by(_TALLY.job_type_id).having(func.sum(_TALLY.number) > 0)
    of_types = select(JobType, *_undated_of(JobType.id, CollectionKind.JOB_TYPE)).order_by(JobType.id)
    return [
        *_collections(session, CollectionKind.STRIKE, of_strikes, bounds),
        *_collections(session, CollectionKind.JOB_TYPE, of_types.where(JobType.id.in_(makers)), bounds),
    ]


def one_collection(session: Session, key: CollectionKey) -> Collection | None:
    """That of a Strike process, or of a job type that users made, whether it has made anything or not; None: there is
    no such one."""
    bounds = _bounds(session, key)
    found: Select[Any]
    if key.kind is CollectionKind.STRIKE:
        found = select(Strike, *_undated_of(Strike.id, key.kind)).where(Strike.id == key.owner_id)
    else:
        is_users = (JobType.id == key.owner_id, ~JobType.is_system)
        found = select(JobType, *_undated_of(JobType.id, key.kind)).where(*is_users)
    return next(iter(_collections(session, key.kind, found, bounds)), None)


def _collections(
    session: Session, kind: CollectionKind, found: Select[Any], bounds: dict[CollectionKey, Bounds]
) -> list[Collection]:
    collections = []
    for owner, first, last in session.execute(found):
        key = CollectionKey(kind, owner.id)
        collections.append(Collection(key, owner, bounds.get(key, Bounds()).with_times(first, last)))
    return collections


def _undated_of(owner_id: ColumnElement[Any] | Any, kind: CollectionKind) -> Sequence[Any]:
    """When the first and the last item was made whose data has no time: each is one look into an index."""
    where = [_FILE.strike_id == owner_id, ~_FILE.is_deleted]
    if kind is CollectionKind.JOB_TYPE:
        where = [_FILE.job_type_id == owner_id, _FILE.is_published]
    where += [_FILE.data_started.is_(None), _FILE.data_ended.is_(None)]
    return [select(how(_FILE.created)).where(*where).scalar_subquery() for how in (func.min, func.max)]


def _bounds(session: Session, key: CollectionKey | None = None) -> dict[CollectionKey, Bounds]:
    owners = [_EXTENT[name] for name in collection_extents.OWNERS]
    least = [func.min(_EXTENT[name]) for name in collection_extents.LEAST]
    most = [func.max(_EXTENT[name]) for name in collection_extents.MOST]
    found = select(*owners, *least, *most).group_by(*owners)
    if key is not None:
        found = found.where(owners[key.kind is CollectionKind.JOB_TYPE] == key.owner_id)
    bounds = {}
    for strike_id, job_type_id, west, south, began, east, north, ended in session.execute(found):
        is_strike = strike_id is not None
        owner = CollectionKey(CollectionKind.STRIKE if is_strike else CollectionKind.JOB_TYPE, strike_id or job_type_id)
        box = None if west is None else Box(west, south, east, north)
        bounds[owner] = Bounds(box, began, ended)
    return bounds
