"""Collections of the STAC API: a Strike process, or a job type, as a STAC collection."""

from collections.abc import Iterable
from typing import Final

from scale_core.db.item_collections import Bounds, Collection
from scale_core.db.models import JobType, Strike
from scale_core.domain.places import Box
from scale_core.domain.stac import moment_text
from scale_core.services.stac_links import GEO_JSON, STAC_VERSION, StacUrls, link
from scale_generated import models
from scale_generated.specs.strike import Strike as StrikeConfiguration

EARTH: Final = Box(-180.0, -90.0, 180.0, 90.0)
LICENSE: Final = "other"
"""What STAC has for licenses that are told elsewhere, if at all: nothing here knows of any."""


def collection_document(collection: Collection, urls: StacUrls) -> models.StacCollection:
    """A collection as STAC has it (Collection Specification)."""
    owner = collection.owner
    of_strike = isinstance(owner, Strike)
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": str(collection.key),
        "title": collection_title(owner),
        "description": owner.description or _description(owner),
        "keywords": _keywords(owner),
        "license": LICENSE,
        "providers": _providers(owner),
        "extent": _extent(collection.bounds, owner),
        "links": [
            link("self", urls.collection(collection.key), title=collection_title(owner)),
            link("root", urls.root, title="The catalog"),
            link("parent", urls.root, title="The catalog"),
            link("items", urls.items(collection.key), GEO_JSON, "The items"),
            link("via", urls.scale("strikes" if of_strike else "job-types", owner.id), title=_about(owner)),
        ],
    }


def collection_title(owner: Strike | JobType) -> str:
    """What a collection is called."""
    title = owner.title or owner.name
    return title if isinstance(owner, Strike) else f"{title} {owner.version}"


def _about(owner: Strike | JobType) -> str:
    return f"Strike process {owner.name}" if isinstance(owner, Strike) else f"Job type {owner.name} {owner.version}"


def _description(owner: Strike | JobType) -> str:
    about = _about(owner)
    made = "Source files that the" if isinstance(owner, Strike) else "Products that the"
    done = "ingested." if isinstance(owner, Strike) else "made."
    return f"{made} {about} {done}"


def _keywords(owner: Strike | JobType) -> list[str]:
    if isinstance(owner, JobType):
        return [owner.category] if owner.category else []
    rules = StrikeConfiguration.from_document(owner.configuration).files_to_ingest
    return sorted(_distinct(data_type for rule in rules for data_type in rule.data_types))


def _distinct(words: Iterable[str]) -> set[str]:
    return {word for word in words if word}


def _providers(owner: Strike | JobType) -> list[models.StacProvider]:
    if isinstance(owner, Strike) or not owner.author_name:
        return []
    provider: models.StacProvider = {"name": owner.author_name, "roles": ["processor"]}
    if owner.author_url and owner.author_url.startswith(("https://", "http://")):
        provider["url"] = owner.author_url
    return [provider]


def _extent(bounds: Bounds, owner: Strike | JobType) -> models.StacExtent:
    box = bounds.box or EARTH
    # Without an item there is no time; STAC wants one that has a bound.
    began, ended = bounds.began or owner.created, bounds.ended or owner.created
    return {
        "spatial": {"bbox": [[box.west, box.south, box.east, box.north]]},
        "temporal": {"interval": [[moment_text(began), moment_text(ended)]]},
    }
