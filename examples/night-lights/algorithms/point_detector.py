#!/usr/bin/env python3
"""Find the bright places of a GeoTIFF of night lights.

A place is a block of 8 x 8 pixels whose mean is at least the threshold and that no block around it outshines; its
point is the block's centre of light. Writes OUTPUT_DIR/<image>.geojson, a FeatureCollection of points with their
brightness, brightest first, and OUTPUT_DIR/results_manifest.json.

exit codes:
  2   the image cannot be opened or is no GeoTIFF
  64  wrong command line
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from common import (
    EXIT_UNREADABLE_IMAGE,
    MODEL_PIXEL_SCALE,
    MODEL_TIEPOINT,
    Parser,
    fail,
    footprint,
    open_gray,
    write_manifest,
)
from PIL import Image, ImageFilter

BLOCK = 8
DEFAULT_THRESHOLD = 128


class Placement(NamedTuple):
    """Where an image lies: the upper left corner and the size of a pixel, in degrees."""

    west: float
    north: float
    pixel_width: float
    pixel_height: float

    def position(self, x: float, y: float) -> list[float]:
        """Return [longitude, latitude] of a point given in pixels from the upper left corner."""
        return [round(self.west + x * self.pixel_width, 5), round(self.north - y * self.pixel_height, 5)]


def read_placement(image: Image.Image) -> Placement:
    """Return where the GeoTIFF lies; KeyError if a tag is missing, ValueError if one has the wrong length."""
    pixel_width, pixel_height, _ = image.info["tags"][MODEL_PIXEL_SCALE]
    column, row, _, longitude, latitude, _ = image.info["tags"][MODEL_TIEPOINT]
    return Placement(longitude - column * pixel_width, latitude + row * pixel_height, pixel_width, pixel_height)


def find_places(image: Image.Image, threshold: int) -> Iterator[tuple[float, float, int]]:
    """Yield (x, y, brightness) of each bright place: pixels from the upper left corner, the block's mean 0..255."""
    blocks = image.reduce(BLOCK)
    brightest_around = blocks.filter(ImageFilter.MaxFilter(3)).tobytes()
    taken: set[tuple[int, int]] = set()
    for index, brightness in enumerate(blocks.tobytes()):
        if brightness < threshold or brightness < brightest_around[index]:
            continue
        row, column = divmod(index, blocks.width)
        # Of equal neighbours the first one stands for all.
        if taken.isdisjoint({(row, column - 1), (row - 1, column - 1), (row - 1, column), (row - 1, column + 1)}):
            yield (*centre_of_light(image, column * BLOCK, row * BLOCK), brightness)
        taken.add((row, column))


def centre_of_light(image: Image.Image, left: int, top: int) -> tuple[float, float]:
    """Return the mean position (x, y) of the block's pixels, weighted with their brightness."""
    block = image.crop((left, top, min(left + BLOCK, image.width), min(top + BLOCK, image.height)))
    light = block.tobytes()
    total = sum(light) or 1
    x = sum(value * (index % block.width + 0.5) for index, value in enumerate(light)) / total
    y = sum(value * (index // block.width + 0.5) for index, value in enumerate(light)) / total
    return left + x, top + y


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(__doc__)
    parser.add_argument(
        "--threshold",
        type=int,
        default=DEFAULT_THRESHOLD,
        metavar="N",
        help=f"least mean brightness of a place, 1 to 255 (default {DEFAULT_THRESHOLD})",
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.threshold <= 255:
        parser.error(f"--threshold is {options.threshold}; it should be 1 to 255")
    image = open_gray(options.image)
    try:
        placement = read_placement(image)
    except (KeyError, ValueError) as problem:
        fail(
            EXIT_UNREADABLE_IMAGE,
            f"{options.image.name} is no GeoTIFF; it should have ModelPixelScale and ModelTiepoint: {problem!r}",
        )
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": placement.position(x, y)},
            "properties": {"brightness": brightness},
        }
        for x, y, brightness in sorted(find_places(image, options.threshold), key=lambda place: -place[2])
    ]
    output = options.output_dir / f"{options.image.stem}.geojson"
    output.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    west, north = placement.position(0, 0)
    east, south = placement.position(image.width, image.height)
    geo_metadata = {"geo_json": footprint(west, south, east, north)}
    write_manifest(
        options.output_dir,
        {"output_data": [{"name": "points", "file": {"path": str(output), "geo_metadata": geo_metadata}}]},
    )
    print(f"{len(features)} bright places in {options.image.name}")


if __name__ == "__main__":
    main()
