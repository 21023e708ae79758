"""The STAC API: source files and products for clients that know STAC, and nothing of Scale (decision 0032)."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from scale_core.db.item_collections import Collection, all_collections, one_collection
from scale_core.db.items import find_items
from scale_core.domain.stac import read_collection_id, read_id
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.stac_collections import collection_document, collection_title
from scale_core.services.stac_items import item_documents
from scale_core.services.stac_links import GEO_JSON, HTML, OPENAPI, STAC_VERSION, StacUrls, link
from scale_core.services.stac_origins import latest_version
from scale_core.services.stac_search import Asked, SearchQuery, body_asked, items_asked, search_asked
from scale_generated import models

CONFORMANCE: Final = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items, and the token of the page behind them; None: it is the last."""

    items: list[models.StacItem]
    token: str | None


class StacService:
    """The catalog of source files and products."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def conformance(self) -> models.StacConformance:
        """What is conformed to."""
        return {"conformsTo": [*CONFORMANCE]}

    def catalog(self, urls: StacUrls, document: str, documentation: str) -> models.StacCatalog:
        """The landing page.

        :param document: the URL of the OpenAPI document.
        :param documentation: that of the page for people.
        """
        with self._context.database.read() as session:
            collections = all_collections(session)
        children = [link("child", urls.collection(one.key), title=collection_title(one.owner)) for one in collections]
        described = [
            link("service-desc", document, OPENAPI, "All of Scale's HTTP interface, as OpenAPI"),
            link("service-doc", documentation, HTML, "The same for people"),
        ]
        return {
            "type": "Catalog",
            "stac_version": STAC_VERSION,
            "id": "scale",
            "title": "Scale",
            "description": "The source files that Scale has ingested, and the products that its jobs have made.",
            "conformsTo": [*CONFORMANCE],
            "links": [*_ways_in(urls), *described, *children],
        }

    def collections(self, urls: StacUrls) -> models.StacCollections:
        """All collections."""
        with self._context.database.read() as session:
            found = [collection_document(one, urls) for one in all_collections(session)]
        return {"collections": found, "links": [link("self", urls.collections), link("root", urls.root)]}

    def collection(self, collection_id: str, urls: StacUrls) -> models.StacCollection:
        """One collection.

        :raises NotFound: there is no such collection.
        """
        with self._context.database.read() as session:
            return collection_document(_collection(session, collection_id), urls)

    def item(self, collection_id: str, item_id: str, urls: StacUrls) -> models.StacItem:
        """One item, also of a file that is not published any more, or has no content.

        :raises NotFound: there is no such item, or it is in another collection.
        """
        file_id = read_id(item_id)
        with self._context.database.read() as session:
            key = _collection(session, collection_id).key
            found = [] if file_id is None else item_documents(session, [file_id], urls.base)
            if file_id is None or not found or found[0]["collection"] != str(key):
                raise NotFound(f"item in the collection {key}", item_id)
            (item,) = found
            if item["properties"].get("deprecated"):
                latest = latest_version(session, file_id)
                if latest is not None:
                    item["links"].append(link("latest-version", urls.item(*latest), GEO_JSON))
        return item

    def items(self, collection_id: str, query: SearchQuery, urls: StacUrls) -> ItemPage:
        """A page of the items of a collection.

        :raises NotFound: there is no such collection.
        :raises Invalid: a parameter is wrong.
        """
        with self._context.database.read() as session:
            key = _collection(session, collection_id).key
            return _page(session, items_asked(query, key), urls)

    def search(self, query: SearchQuery, urls: StacUrls) -> ItemPage:
        """A page of what a search finds.

        :raises Invalid: a parameter is wrong.
        """
        return self._found(search_asked(query), urls)

    def search_by_body(self, body: models.StacSearch, urls: StacUrls) -> ItemPage:
        """A page of what a search finds.

        :raises Invalid: something in the body is wrong.
        """
        return self._found(body_asked(body), urls)

    def _found(self, asked: Asked, urls: StacUrls) -> ItemPage:
        with self._context.database.read() as session:
            return _page(session, asked, urls)


def _ways_in(urls: StacUrls) -> list[models.StacLink]:
    """The links of the landing page that lead to more of the catalog."""
    search = link("search", urls.search, GEO_JSON, "Search for items")
    return [
        link("self", urls.root, title="This catalog"),
        link("root", urls.root, title="This catalog"),
        link("conformance", urls.conformance, title="What this conforms to"),
        link("data", urls.collections, title="All collections"),
        {**search, "method": "GET"},
        {**search, "method": "POST"},
    ]


def _page(session: Session, asked: Asked, urls: StacUrls) -> ItemPage:
    # One more, which says whether there is another page.
    ids = find_items(session, asked.search, asked.behind, asked.limit + 1)
    shown = ids[: asked.limit]
    token = asked.token(shown[-1]) if len(ids) > asked.limit else None
    return ItemPage(item_documents(session, shown, urls.base), token)


def _collection(session: Session, collection_id: str) -> Collection:
    key = read_collection_id(collection_id)
    found = None if key is None else one_collection(session, key)
    if found is None:
        raise NotFound("collection", collection_id)
    return found
