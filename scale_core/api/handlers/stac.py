"""The STAC API."""

from scale_core.api.document import DOCS_PATH, DOCUMENT_PATH
from scale_core.api.request import location, with_query
from scale_core.services.stac import ItemPage, StacService
from scale_core.services.stac_links import GEO_JSON, StacUrls, link, page_links
from scale_core.services.stac_search import TOKEN
from scale_generated import models, queries


class Stac:
    """Operations on the catalog of source files and products."""

    def __init__(self, stac: StacService) -> None:
        self._stac = stac

    def get_stac_catalog(self) -> models.StacCatalog:
        """GET /stac/."""
        return self._stac.catalog(_urls(), location(DOCUMENT_PATH), location(f"{DOCS_PATH}/"))

    def get_stac_conformance(self) -> models.StacConformance:
        """GET /stac/conformance/."""
        return self._stac.conformance()

    def list_stac_collections(self) -> models.StacCollections:
        """GET /stac/collections/."""
        return self._stac.collections(_urls())

    def get_stac_collection(self, collection_id: str) -> models.StacCollection:
        """GET /stac/collections/{id}/."""
        return self._stac.collection(collection_id, _urls())

    def list_stac_items(self, collection_id: str, query: queries.ListStacItemsQuery) -> models.StacItemCollection:
        """GET /stac/collections/{id}/items/."""
        return _page(self._stac.items(collection_id, query, _urls()), f"{_urls().collections}/{collection_id}/items")

    def get_stac_item(self, collection_id: str, item_id: str) -> models.StacItem:
        """GET /stac/collections/{id}/items/{id}/."""
        return self._stac.item(collection_id, item_id, _urls())

    def search_stac_items(self, query: queries.SearchStacItemsQuery) -> models.StacItemCollection:
        """GET /stac/search/."""
        return _page(self._stac.search(query, _urls()), _urls().search)

    def post_stac_search(self, body: models.StacSearch) -> models.StacItemCollection:
        """POST /stac/search/."""
        return _page(self._stac.search_by_body(body, _urls()), _urls().search, body)


def _urls() -> StacUrls:
    return StacUrls(location(""))


def _page(page: ItemPage, url: str, body: models.StacSearch | None = None) -> models.StacItemCollection:
    """A page with its links.

    :param url: of the list, without a query.
    :param body: of the request, if it had one: that for the next page has it, too.
    """
    following: models.StacLink | None = None
    if page.token is not None and body is None:
        following = {**link("next", with_query(url, **{TOKEN: page.token}), GEO_JSON), "method": "GET"}
    elif page.token is not None and body is not None:
        further: models.StacSearch = {**body, "token": page.token}
        following = {**link("next", with_query(url), GEO_JSON), "method": "POST", "body": further}
    return {
        "type": "FeatureCollection",
        "features": page.items,
        "links": page_links(_urls(), with_query(url), following),
        "numberReturned": len(page.items),
    }
