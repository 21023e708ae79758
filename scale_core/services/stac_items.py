"""Items of the STAC API: a source file or a product, with where its content is and where it comes from."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.given import given, is_given
from scale_core.db.models import JobType, ScaleFile, Workspace
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, moment_text, multihash
from scale_core.interfaces.broker import url_below
from scale_core.services.geometries import item_geometry
from scale_core.services.serialization import SerializerContext
from scale_core.services.stac_links import GEO_JSON, STAC_VERSION, StacUrls, link
from scale_core.services.stac_origins import Origins, collection_of, origins_of
from scale_generated import models
from scale_generated._runtime import timestamp

_FILE: Final = table_of(ScaleFile).c
_WORKSPACE: Final = table_of(Workspace).c
_TYPE: Final = table_of(JobType).c
_SELECTED: Final[Select[Any]] = (
    select(
        *(
            _FILE[name]
            for name in (
                *("id", "file_name", "file_path", "media_type", "file_size", "checksum", "data_type", "uuid"),
                *("created", "last_modified", "data_started", "data_ended"),
                *("geometry", "west", "south", "east", "north"),
                *("is_deleted", "is_published", *OWNER_COLUMNS.values(), "job_id"),
            )
        ),
        _WORKSPACE.base_url,
        _TYPE.name.label("job_type_name"),
        _TYPE.version.label("job_type_version"),
    )
    .join(table_of(Workspace), _WORKSPACE.id == _FILE.workspace_id)
    .outerjoin(table_of(JobType), _TYPE.id == _FILE.job_type_id)
)

FileRow = Row[Any]
"""A file as :data:`_SELECTED` selects it."""


def item_documents(session: Session, ids: Sequence[int], base_url: str) -> list[models.StacItem]:
    """The items of files, in their order; those that are none are left out."""
    if not ids:
        return []
    dialect = session.get_bind().dialect.name
    found = session.execute(_SELECTED.where(is_given(_FILE.id, dialect)), given(ids, dialect))
    rows = {row.id: row for row in found}
    origins = origins_of(session, {row.id: row.job_id for row in rows.values() if row.job_id is not None})
    documents = []
    for row in (rows[one] for one in ids if one in rows):
        key = collection_of(row)
        if key is not None:
            documents.append(_item(row, key, origins, base_url))
    return documents


def _item(row: FileRow, key: CollectionKey, origins: Origins, base_url: str) -> models.StacItem:
    item: models.StacItem = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        # Fields of extensions are there (file:size, processing:software); said to be, they would have every client that
        # validates fetch the extensions' schemas, and find the item wrong where it has no way to the Internet.
        "stac_extensions": [],
        "id": str(row.id),
        "collection": str(key),
        "geometry": None if row.geometry is None else cast("models.StacGeometry", item_geometry(row.geometry)),
        "properties": _properties(row),
        "links": [*_links(row, key, origins, StacUrls(base_url))],
        "assets": {} if row.is_deleted else {"data": _asset(row, base_url)},
    }
    if row.geometry is not None:
        item["bbox"] = [row.west, row.south, row.east, row.north]
    return item


def is_deprecated(row: FileRow) -> bool:
    """Nobody should use it any more: a product that is not published now, or what has no content."""
    return bool(row.is_deleted or row.is_published is False)


def _properties(row: FileRow) -> models.StacItemProperties:
    properties: models.StacItemProperties = {
        "datetime": None,
        "created": timestamp(row.created),
        "updated": timestamp(row.last_modified),
        "title": row.file_name,
        "keywords": row.data_type,
    }
    first, last = _times(row)
    if first == last:
        properties["datetime"] = moment_text(first)
    else:
        properties["start_datetime"], properties["end_datetime"] = moment_text(first), moment_text(last)
    if row.job_type_name is not None:
        properties["processing:software"] = {row.job_type_name: row.job_type_version}
    if is_deprecated(row):
        properties["deprecated"] = True
    return properties


def _times(row: FileRow) -> tuple[datetime, datetime]:
    """From when to when its data is: the earlier comes first, whatever a manifest says."""
    known = [one for one in (row.data_started, row.data_ended) if one is not None] or [row.created]
    return min(known), max(known)


def _asset(row: FileRow, base_url: str) -> models.StacAsset:
    # Catalogs are copied and kept, for longer than addresses that storages sign are valid.
    href = url_below(row.base_url, row.file_path) if row.base_url else None
    asset: models.StacAsset = {
        "href": href or SerializerContext(base_url).content_url(row.id),
        "title": row.file_name,
        "type": row.media_type,
        "roles": ["data"],
        "file:size": row.file_size,
    }
    checksum = multihash(row.checksum)
    if checksum is not None:
        asset["file:checksum"] = checksum
    return asset


def _links(row: FileRow, key: CollectionKey, origins: Origins, urls: StacUrls) -> Iterator[models.StacLink]:
    yield link("self", urls.item(key, row.id), GEO_JSON)
    yield link("root", urls.root)
    yield link("parent", urls.collection(key))
    yield link("collection", urls.collection(key))
    for of, ancestor in origins.ancestors.get(row.id, ()):
        yield link("derived_from", urls.item(of, ancestor), GEO_JSON)
    if row.job_id is None:
        yield link("via", urls.scale("sources", row.id), title="The source file in Scale")
        return
    yield link("via", urls.scale("products", row.id), title="The product in Scale")
    yield link("processing-execution", urls.scale("jobs", row.job_id), title="The job that made it")
    if row.job_id in origins.recipes:
        recipe = origins.recipes[row.job_id]
        yield link("related", urls.scale("recipes", recipe), title="The recipe that the job belongs to")
