"""Collections of the STAC API: a Strike process, a Scan, or a job type, as a STAC collection."""

from collections.abc import Iterable
from typing import Final

from scale_core.db.item_collections import Bounds, Collection, Owner
from scale_core.db.models import JobType, Scan
from scale_core.domain.places import Box
from scale_core.domain.stac import CollectionKind, moment_text
from scale_core.services.stac_links import GEO_JSON, STAC_VERSION, StacUrls, link
from scale_generated import models
from scale_generated.specs.scan import Scan as ScanConfiguration
from scale_generated.specs.strike import Strike as StrikeConfiguration

EARTH: Final = Box(-180.0, -90.0, 180.0, 90.0)
RESOURCES: Final = {
    CollectionKind.STRIKE: "strikes",
    CollectionKind.SCAN: "scans",
    CollectionKind.JOB_TYPE: "job-types",
}
"""Where Scale itself tells of what a collection comes from."""

LICENSE: Final = "other"
"""What STAC has for licenses that are told elsewhere, if at all: nothing here knows of any."""


def collection_document(collection: Collection, urls: StacUrls) -> models.StacCollection:
    """A collection as STAC has it (Collection Specification)."""
    owner = collection.owner
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
            link("via", urls.scale(RESOURCES[collection.key.kind], owner.id), title=_about(owner)),
        ],
    }


def collection_title(owner: Owner) -> str:
    """What a collection is called."""
    title = owner.title or owner.name
    return f"{title} {owner.version}" if isinstance(owner, JobType) else title


def _about(owner: Owner) -> str:
    if isinstance(owner, JobType):
        return f"Job type {owner.name} {owner.version}"
    return f"{'Scan' if isinstance(owner, Scan) else 'Strike process'} {owner.name}"


def _description(owner: Owner) -> str:
    about = _about(owner)
    is_made = isinstance(owner, JobType)
    made, done = ("Products that the", "made.") if is_made else ("Source files that the", "ingested.")
    return f"{made} {about} {done}"


def _keywords(owner: Owner) -> list[str]:
    if isinstance(owner, JobType):
        return [owner.category] if owner.category else []
    kind = ScanConfiguration if isinstance(owner, Scan) else StrikeConfiguration
    rules = kind.from_document(owner.configuration).files_to_ingest
    return sorted(_distinct(data_type for rule in rules for data_type in rule.data_types))


def _distinct(words: Iterable[str]) -> set[str]:
    return {word for word in words if word}


def _providers(owner: Owner) -> list[models.StacProvider]:
    if not isinstance(owner, JobType) or not owner.author_name:
        return []
    provider: models.StacProvider = {"name": owner.author_name, "roles": ["processor"]}
    if owner.author_url and owner.author_url.startswith(("https://", "http://")):
        provider["url"] = owner.author_url
    return [provider]


def _extent(bounds: Bounds, owner: Owner) -> models.StacExtent:
    box = bounds.box or EARTH
    # Without an item there is no time; STAC wants one that has a bound.
    began, ended = bounds.began or owner.created, bounds.ended or owner.created
    return {
        "spatial": {"bbox": [[box.west, box.south, box.east, box.north]]},
        "temporal": {"interval": [[moment_text(began), moment_text(ended)]]},
    }
