"""Does every expected product exist, and does it open?"""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from driver import DemoFailure
from driver.client import ScaleClient

GEO_TAGS = {33550: "ModelPixelScale", 33922: "ModelTiepoint", 34735: "GeoKeyDirectory"}
QUICKLOOK_SIZE = (128, 128)


@dataclass(frozen=True, slots=True)
class Expected:
    """A product that a tile must lead to."""

    file_name: str
    media_type: str
    has_footprint: bool
    check: Callable[[bytes], None]
    """Raises ValueError or OSError if the content is not what it should be."""


def expected_products(tile: Path) -> list[Expected]:
    """Return what must come out of the tile."""
    return [
        Expected(f"{tile.stem}.tif", "image/tiff", True, check_geotiff),
        Expected(f"{tile.stem}.geojson", "application/vnd.geo+json", True, check_points),
        Expected(f"{tile.stem}_quicklook.png", "image/png", False, check_quicklook),
    ]


def check_geotiff(content: bytes) -> None:
    """Check that it is a TIFF that can be decoded and has the tags that place it on the earth."""
    with Image.open(io.BytesIO(content), formats=["TIFF"]) as image:
        image.load()
        tags = getattr(image, "tag_v2", {})
        missing = [name for tag, name in GEO_TAGS.items() if tag not in tags]
    if missing:
        raise ValueError(f"the GeoTIFF lacks {', '.join(missing)}")


def check_points(content: bytes) -> None:
    """Check that it is a GeoJSON FeatureCollection with at least one feature."""
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise ValueError("it should be a GeoJSON FeatureCollection")
    if not document.get("features"):
        raise ValueError("the FeatureCollection is empty; it should have a point at least")


def check_quicklook(content: bytes) -> None:
    """Check that it is a PNG of the promised size."""
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        image.load()
        if image.size != QUICKLOOK_SIZE:
            raise ValueError(f"it is {image.width} x {image.height} pixels; it should be 128 x 128")


def verify(client: ScaleClient, tiles: Sequence[Path]) -> list[dict[str, Any]]:
    """Check the sources and products of the tiles; return the products in the order of the tiles.

    Each product is the record of the product list with ``file_path`` of its file's details. Raises `DemoFailure` with
    everything that is missing or wrong.
    """
    problems = source_problems(client.records("/sources/"), tiles)
    listed: dict[str, list[dict[str, Any]]] = {}
    for product in client.records("/products/"):
        listed.setdefault(product["file_name"], []).append(product)
    products: list[dict[str, Any]] = []
    for expected in (expected for tile in tiles for expected in expected_products(tile)):
        found = listed.pop(expected.file_name, [])
        if len(found) != 1:
            problems.append(f"product {expected.file_name}: there should be one, there are {len(found)}")
            continue
        problems += product_problems(found[0], expected, client.content(found[0]["id"]))
        products.append({**found[0], "file_path": client.get(f"/files/{found[0]['id']}/")["file_path"]})
    problems += [f"product {name} is not expected" for name in listed]
    if problems:
        raise DemoFailure("\n".join(problems))
    return products


def source_problems(sources: Iterable[Mapping[str, Any]], tiles: Sequence[Path]) -> list[str]:
    """Return what is wrong with the sources: every tile should be one, parsed and with a footprint."""
    by_name = {source["file_name"]: source for source in sources}
    problems = [f"source {tile.name} is missing" for tile in tiles if tile.name not in by_name]
    for tile in (tile for tile in tiles if tile.name in by_name):
        source = by_name[tile.name]
        if not source["is_parsed"]:
            problems.append(f"source {tile.name} is not parsed")
        if source["geometry"] is None:
            problems.append(f"source {tile.name} has no footprint")
        if source["file_size"] != tile.stat().st_size:
            problems.append(f"source {tile.name} has {source['file_size']} bytes; the tile has {tile.stat().st_size}")
    return problems


def product_problems(product: Mapping[str, Any], expected: Expected, content: bytes) -> list[str]:
    """Return what is wrong with a product, given its record and content."""
    name = expected.file_name
    problems = []
    if product["media_type"] != expected.media_type:
        problems.append(f"product {name} is {product['media_type']}; it should be {expected.media_type}")
    if product["file_size"] != len(content):
        problems.append(f"product {name} has {len(content)} bytes; its record says {product['file_size']}")
    if expected.has_footprint and product["geometry"] is None:
        problems.append(f"product {name} has no footprint")
    try:
        expected.check(content)
    except (ValueError, OSError) as problem:
        problems.append(f"product {name} does not open: {problem}")
    return problems
