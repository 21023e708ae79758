"""URLs and links of the STAC API."""

from dataclasses import dataclass
from typing import Final

from scale_core.domain.stac import CollectionKey
from scale_generated import models

STAC_VERSION: Final[models.StacVersion] = "1.1.0"

JSON: Final = "application/json"
GEO_JSON: Final = "application/geo+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class StacUrls:
    """Absolute URLs. But for the landing page they have no slash at the end: clients append to them, as OGC API has it.

    :param base: scheme, host and prefix under which the asking client reaches this API, without a final slash.
    """

    base: str

    @property
    def root(self) -> str:
        """The landing page."""
        return f"{self.base}/stac/"

    @property
    def conformance(self) -> str:
        """The conformance classes."""
        return f"{self.root}conformance"

    @property
    def collections(self) -> str:
        """All collections."""
        return f"{self.root}collections"

    @property
    def search(self) -> str:
        """The search."""
        return f"{self.root}search"

    def collection(self, key: CollectionKey) -> str:
        """One collection."""
        return f"{self.collections}/{key}"

    def items(self, key: CollectionKey) -> str:
        """The items of a collection."""
        return f"{self.collection(key)}/items"

    def item(self, key: CollectionKey, file_id: int) -> str:
        """One item."""
        return f"{self.items(key)}/{file_id}"

    def scale(self, what: str, thing_id: int) -> str:
        """What Scale says of something, such as ``jobs``."""
        return f"{self.base}/{what}/{thing_id}/"


def link(rel: str, href: str, media_type: str = JSON, title: str | None = None) -> models.StacLink:
    """A link of which no more is to say."""
    made: models.StacLink = {"rel": rel, "href": href, "type": media_type}
    if title is not None:
        made["title"] = title
    return made


def page_links(urls: StacUrls, href: str, following: models.StacLink | None) -> list[models.StacLink]:
    """The links of a page of items.

    :param href: its own URL.
    :param following: to the next page; None: it is the last.
    """
    links = [link("self", href, GEO_JSON), link("root", urls.root)]
    return links if following is None else [*links, following]
