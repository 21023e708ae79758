#!/usr/bin/env python3
"""Turn a tile of the night lights, named by its south-west corner (N45W120.png), into a GeoTIFF.

Writes OUTPUT_DIR/<corner>.tif (EPSG:4326, 15 x 15 degrees) and OUTPUT_DIR/results_manifest.json.

exit codes:
  2   the image cannot be opened
  3   the file name is no corner of a tile
  64  wrong command line
"""

from collections.abc import Sequence
from pathlib import Path

from common import (
    EXIT_BAD_TILE_NAME,
    GEO_KEY_DIRECTORY,
    MODEL_PIXEL_SCALE,
    MODEL_TIEPOINT,
    Parser,
    fail,
    footprint,
    open_gray,
    write_manifest,
)
from PIL import Image, TiffImagePlugin, TiffTags
from tile_name import TILE_DEGREES, parse_corner

DATA_TYPES = ["night-lights", "composite"]
ACQUISITION = {"data_started": "2012-04-18T00:00:00Z", "data_ended": "2012-10-23T23:59:59Z"}
"""When Suomi NPP took the images of which the map is made."""

GEO_KEYS = {
    1024: 2,  # GTModelType: geographic
    1025: 1,  # GTRasterType: a pixel is an area
    2048: 4326,  # GeodeticCRS: WGS 84
    2054: 9102,  # GeogAngularUnits: degree
}


def save_geotiff(image: Image.Image, path: Path, west: float, north: float) -> None:
    """Write the image as a GeoTIFF whose upper left corner is at (west, north)."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[MODEL_PIXEL_SCALE] = tags.tagtype[MODEL_TIEPOINT] = TiffTags.DOUBLE
    tags.tagtype[GEO_KEY_DIRECTORY] = TiffTags.SHORT
    tags[MODEL_PIXEL_SCALE] = (TILE_DEGREES / image.width, TILE_DEGREES / image.height, 0.0)
    tags[MODEL_TIEPOINT] = (0.0, 0.0, 0.0, float(west), float(north), 0.0)
    keys = [part for key, value in GEO_KEYS.items() for part in (key, 0, 1, value)]
    tags[GEO_KEY_DIRECTORY] = (1, 1, 0, len(GEO_KEYS), *keys)
    image.save(path, format="TIFF", compression="tiff_adobe_deflate", tiffinfo=tags)


def main(arguments: Sequence[str] | None = None) -> None:
    options = Parser(__doc__).parse_args(arguments)
    image_path: Path = options.image
    try:
        south, west = parse_corner(image_path.stem)
    except ValueError as problem:
        fail(EXIT_BAD_TILE_NAME, f"the name {image_path.name!r} does not tell where the tile lies: {problem}")
    image = open_gray(image_path)
    output: Path = options.output_dir / f"{image_path.stem}.tif"
    save_geotiff(image, output, west, south + TILE_DEGREES)
    where_and_when = {**ACQUISITION, "geo_json": footprint(west, south, west + TILE_DEGREES, south + TILE_DEGREES)}
    write_manifest(
        options.output_dir,
        {
            "output_data": [{"name": "geo_image", "file": {"path": str(output), "geo_metadata": where_and_when}}],
            "parse_results": [{"filename": image_path.name, "data_types": DATA_TYPES, "geo_metadata": where_and_when}],
        },
    )


if __name__ == "__main__":
    main()
