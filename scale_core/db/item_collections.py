"""The collections of a catalog: Strike processes, Scans, and job types that have made products; and where their items
are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from scale_core.db import collection_extents
from scale_core.db.base import Base
from scale_core.db.bulk import table_of
from scale_core.db.models import JobType, ScaleFile, Scan, Strike
from scale_core.domain.places import Box
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, CollectionKind

Owner = Strike | Scan | JobType

SEERS: Final[Mapping[CollectionKind, type[Strike] | type[Scan]]] = {
    CollectionKind.STRIKE: Strike,
    CollectionKind.SCAN: Scan,
}
"""What sees source files."""

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
    """A Strike process, a Scan or a job type, and the bounds of its items."""

    key: CollectionKey
    owner: Owner
    bounds: Bounds


def all_collections(session: Session) -> list[Collection]:
    """Those of all Strike processes, then of Scans that ingest or have ingested, then of job types that have made
    products; by id."""
    bounds = _bounds(session)
    of_strikes = select(Strike, *_undated_of(Strike.id, CollectionKind.STRIKE)).order_by(Strike.id)
    of_scans = (
        select(Scan, *_undated_of(Scan.id, CollectionKind.SCAN)).where(Scan.job_id.is_not(None)).order_by(Scan.id)
    )
    makers = select(_TALLY.job_type_id).where(_TALLY.file_type == "PRODUCT", _TALLY.job_type_id.is_not(None))
    makers = makers.group_by(_TALLY.job_type_id).having(func.sum(_TALLY.number) > 0)
    of_types = select(JobType, *_undated_of(JobType.id, CollectionKind.JOB_TYPE)).order_by(JobType.id)
    return [
        *_collections(session, CollectionKind.STRIKE, of_strikes, bounds),
        *_collections(session, CollectionKind.SCAN, of_scans, bounds),
        *_collections(session, CollectionKind.JOB_TYPE, of_types.where(JobType.id.in_(makers)), bounds),
    ]


def one_collection(session: Session, key: CollectionKey) -> Collection | None:
    """That of a Strike process, of a Scan, or of a job type that users made, whether it has made anything or not; None:
    there is no such one."""
    bounds = _bounds(session, key)
    found: Select[Any]
    if (seer := SEERS.get(key.kind)) is not None:
        found = select(seer, *_undated_of(seer.id, key.kind)).where(seer.id == key.owner_id)
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
    is_there = _FILE.is_published if kind is CollectionKind.JOB_TYPE else ~_FILE.is_deleted
    where = [_FILE[OWNER_COLUMNS[kind]] == owner_id, is_there]
    where += [_FILE.data_started.is_(None), _FILE.data_ended.is_(None)]
    return [select(how(_FILE.created)).where(*where).scalar_subquery() for how in (func.min, func.max)]


def _bounds(session: Session, key: CollectionKey | None = None) -> dict[CollectionKey, Bounds]:
    owners = {kind: _EXTENT[name] for kind, name in OWNER_COLUMNS.items()}
    least = [func.min(_EXTENT[name]) for name in collection_extents.LEAST]
    most = [func.max(_EXTENT[name]) for name in collection_extents.MOST]
    found = select(*owners.values(), *least, *most).group_by(*owners.values())
    if key is not None:
        found = found.where(owners[key.kind] == key.owner_id)
    bounds = {}
    for row in session.execute(found):
        ids, (west, south, began, east, north, ended) = row[: len(owners)], row[len(owners) :]
        (owner,) = (CollectionKey(kind, one) for kind, one in zip(owners, ids, strict=True) if one is not None)
        box = None if west is None else Box(west, south, east, north)
        bounds[owner] = Bounds(box, began, ended)
    return bounds
