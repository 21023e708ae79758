"""Files, sources and products as clients see them."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Order, Page, Row, Shape
from scale_core.db.models import FileAncestry, ScaleFile
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.file_searches import search_conditions
from scale_core.services.job_reads import job_type_conditions
from scale_core.services.listing import Listing, ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListFilesQuery, ListProductsQuery, ListSourcesQuery, ListSourceUpdatesQuery

T = TypeVar("T")

FILES: Listing[models.ScaleFile] = Listing(
    Shape(ScaleFile, serializers.SCALE_FILE_COLUMNS), serializers.scale_file, serializers.SCALE_FILE_ORDER
)
SOURCES: Listing[models.Source] = Listing(
    Shape(ScaleFile, serializers.SOURCE_COLUMNS), serializers.source, serializers.SOURCE_ORDER
)
PRODUCTS: Listing[models.Product] = Listing(
    Shape(ScaleFile, serializers.PRODUCT_COLUMNS), serializers.product, serializers.PRODUCT_ORDER
)
FILE = Shape(ScaleFile, serializers.SCALE_FILE_COLUMNS)
SOURCE = Shape(ScaleFile, serializers.SOURCE_COLUMNS)
SOURCE_DETAILS = Shape(ScaleFile, serializers.SOURCE_DETAILS_COLUMNS)
PRODUCT = Shape(ScaleFile, serializers.PRODUCT_COLUMNS)
PRODUCT_DETAILS = Shape(ScaleFile, serializers.PRODUCT_DETAILS_COLUMNS)

MAX_ID = 2**63 - 1


class FileService:
    """Files of every kind."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_files(self, query: ListFilesQuery, urls: SerializerContext) -> ListPage[models.ScaleFile]:
        """One page of all files."""

        where: list[Condition] = []
        if query.file_name is not None:
            where.append(equal("file_name", query.file_name))
        if query.workspace_name:
            where.append(one_of("workspace.name", query.workspace_name))

        now = self._context.now()
        where += search_conditions(query, now)
        with self._context.database.read() as session:
            return FILES.page(session, query, where, urls, now)

    def list_sources(self, query: ListSourcesQuery, urls: SerializerContext) -> ListPage[models.Source]:
        """One page of source files."""
        now = self._context.now()
        searches = search_conditions(query, now)
        where = [*source_conditions(query, is_narrowed=bool(searches)), *searches]
        with self._context.database.read() as session:
            return SOURCES.page(session, query, where, urls, now)

    def list_products(self, query: ListProductsQuery, urls: SerializerContext) -> ListPage[models.Product]:
        """One page of published products."""

        # Nothing but products is published; to look at the type of each file would be to read it.
        where = [equal("is_published", True)]
        now = self._context.now()
        narrowing = job_type_conditions(query) + search_conditions(query, now)
        if query.file_name is not None:
            narrowing += [equal("file_name", query.file_name), equal("file_type", "PRODUCT")]
        where += narrowing
        if query.is_operational is not None:
            where.append(equal("is_operational", query.is_operational))
        elif not narrowing and not any(one.lstrip("-").startswith("job_type__") for one in query.order[:1]):
            where.append(one_of("is_operational", (True, False)))  # says nothing, but leads to the index

        with self._context.database.read() as session:
            return PRODUCTS.page(session, query, where, urls, now)

    def get_file(self, file_id: int, urls: SerializerContext) -> models.ScaleFile:
        """A file of any kind.

        :raises NotFound: there is no such file.
        """
        with self._context.database.read() as session:
            row = FILE.row(session, file_id)
        if row is None:
            raise NotFound("file", file_id)
        return serializers.scale_file(row, urls)

    def get_source(self, key: str, urls: SerializerContext) -> models.SourceDetails:
        """A source file, by id or (the newest) by name, with the products made from it.

        :raises NotFound: there is no such source file.
        """
        with self._context.database.read() as session:
            row = _by_key(session, SOURCE_DETAILS, "SOURCE", "source file", key)
            made = select(FileAncestry.descendant_id).where(FileAncestry.ancestor_id == row[0])
            products = _related(session, PRODUCT, serializers.product, made, urls)
        return serializers.source_details(row, urls, products=products)

    def get_product(self, key: str, urls: SerializerContext) -> models.ProductDetails:
        """A product, by id or (the newest) by name, with the source files that it was made from.

        :raises NotFound: there is no such product.
        """
        with self._context.database.read() as session:
            row = _by_key(session, PRODUCT_DETAILS, "PRODUCT", "product", key)
            origin = select(FileAncestry.ancestor_id).where(FileAncestry.descendant_id == row[0])
            sources = _related(session, SOURCE, serializers.source, origin, urls, "SOURCE")
        return serializers.product_details(row, urls, sources=sources)


def source_conditions(
    query: ListSourcesQuery | ListSourceUpdatesQuery, *, is_narrowed: bool = False
) -> list[Condition]:
    """The filters that lists of source files share.

    :param is_narrowed: there are others, by which the files are found.
    """
    where = [equal("file_type", "SOURCE")]
    if query.file_name is not None:
        where.append(equal("file_name", query.file_name))
    if query.is_parsed is not None:
        where.append(equal("is_parsed", query.is_parsed))
    elif query.file_name is None and not is_narrowed:
        where.append(one_of("is_parsed", (True, False)))  # says nothing, but leads to the index
    return where


def _by_key(session: Session, shape: Shape, file_type: str, kind: str, key: str) -> Row:
    """A name that is all digits is an id (endpoints: Settled 15)."""

    where = [equal("file_type", file_type)]
    if key.isascii() and key.isdigit():
        where.append(equal("id", min(int(key[:19] or "0"), MAX_ID)))
    else:
        where.append(equal("file_name", key))

    rows = shape.rows(session, where, [Order("id", descending=True)], Page(1, 1))
    if not rows:
        raise NotFound(kind, key)
    return rows[0]


def _related(
    session: Session,
    shape: Shape,
    serialize: Callable[[Row, SerializerContext], T],
    ids: Any,
    urls: SerializerContext,
    file_type: str | None = None,
) -> list[T]:
    where = [one_of("id", ids)]
    if file_type is not None:
        where.append(equal("file_type", file_type))

    return [serialize(row, urls) for row in shape.rows(session, where, [Order("id")])]
