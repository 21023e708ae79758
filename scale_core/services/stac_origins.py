"""Where items of the STAC API come from: the files that a product was made from, recipes, and what superseded it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.given import given, is_given
from scale_core.db.models import FileAncestry, RecipeJob, ScaleFile
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, CollectionKind

_FILE: Final = table_of(ScaleFile).c


@dataclass(frozen=True, slots=True)
class Origins:
    """``ancestors``: by id of a product, the files that it was made from, with their collections; ``recipes``: by id of
    a job, the id of the recipe that it belongs to."""

    ancestors: Mapping[int, Sequence[tuple[CollectionKey, int]]]
    recipes: Mapping[int, int]


def collection_of(file: Row[Any]) -> CollectionKey | None:
    """The collection of a file; None: it is in none.

    :param file: has what it comes from.
    """
    owners = ((kind, getattr(file, name)) for kind, name in OWNER_COLUMNS.items())
    return next((CollectionKey(kind, one) for kind, one in owners if one is not None), None)


def origins_of(session: Session, products: Mapping[int, int]) -> Origins:
    """Where products come from.

    :param products: the ids of their jobs by their own.
    """
    if not products:
        return Origins({}, {})
    return Origins(_ancestors(session, [*products]), _recipes(session, sorted({*products.values()})))


def latest_version(session: Session, file_id: int) -> tuple[CollectionKey, int] | None:
    """The published product that has superseded a product; None: there is none."""
    uuid = select(_FILE.uuid).where(_FILE.id == file_id).scalar_subquery()
    found = select(_FILE.id, _FILE.job_type_id).where(_FILE.uuid == uuid, _FILE.is_published, _FILE.id != file_id)
    row = session.execute(found.order_by(_FILE.id.desc()).limit(1)).first()
    return None if row is None else (CollectionKey(CollectionKind.JOB_TYPE, row.job_type_id), row.id)


def _ancestors(session: Session, product_ids: Sequence[int]) -> dict[int, list[tuple[CollectionKey, int]]]:
    ancestry, dialect = table_of(FileAncestry).c, session.get_bind().dialect.name
    above = (
        select(
            ancestry.id,
            ancestry.descendant_id,
            _FILE.id.label("ancestor_id"),
            *(_FILE[name] for name in OWNER_COLUMNS.values()),
        )
        .join(table_of(ScaleFile), _FILE.id == ancestry.ancestor_id)
        .where(is_given(ancestry.descendant_id, dialect), ancestry.is_direct)
    )
    # Put in order here: they are few, and a database might walk through all there are for it.
    rows = sorted(session.execute(above, given(product_ids, dialect)), key=itemgetter(0))
    found = defaultdict(list)
    for row in rows:
        key = collection_of(row)
        if key is not None:
            found[row.descendant_id].append((key, row.ancestor_id))
    return found


def _recipes(session: Session, job_ids: Sequence[int]) -> dict[int, int]:
    place, dialect = table_of(RecipeJob).c, session.get_bind().dialect.name
    found = select(place.job_id, place.recipe_id).where(is_given(place.job_id, dialect))
    return {row.job_id: row.recipe_id for row in session.execute(found, given(job_ids, dialect))}
