#!/usr/bin/env python3
"""Cut the example's tiles out of a world map of the lights at night.

The map is equirectangular: longitude -180 to 180 from left to right, latitude 90 to -90 from top to bottom. A tile
covers 15 x 15 degrees, is 512 x 512 pixels of 8-bit gray and is named by its south-west corner, ``N45W120.png``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from algorithms.tile_name import TILE_DEGREES, parse_corner
from PIL import Image

TILE_PIXELS = 512
DEFAULT_CORNERS = (
    "N15E070",  # India: Delhi, Mumbai
    "N20E110",  # Guangzhou, Hong Kong, Shanghai, Taiwan
    "N22E025",  # the Nile from Aswan to the delta, the Levant
    "N30E130",  # Japan
    "N30W090",  # from the Great Lakes to the Carolinas
    "N30W125",  # California, Nevada, Arizona
    "N45W005",  # London, Paris, the Rhine
    "N45W120",  # Alberta, Montana
    "N50E030",  # Moscow, Kyiv
    "S35E015",  # South Africa
    "S35W060",  # Buenos Aires, Sao Paulo
    "S40E140",  # Melbourne, Sydney, Brisbane
)


def cut(lights: Image.Image, south: int, west: int) -> Image.Image:
    """Return the tile whose south-west corner is at (south, west), resampled from the map ``lights`` (mode L)."""
    across, down = lights.width / 360, lights.height / 180
    box = (
        (west + 180) * across,
        (90 - south - TILE_DEGREES) * down,
        (west + 180 + TILE_DEGREES) * across,
        (90 - south) * down,
    )
    return lights.resize((TILE_PIXELS, TILE_PIXELS), Image.Resampling.LANCZOS, box=box)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=(
            "example:\n"
            "  npm pack three-globe@2.45.2 && tar xzf three-globe-2.45.2.tgz package/example/img/earth-night.jpg\n"
            "  python cut_tiles.py package/example/img/earth-night.jpg tiles N45W120 S35E015"
        ),
    )
    parser.add_argument("map", type=Path, help="the world map, in colour")
    parser.add_argument("tiles", type=Path, help="folder for the tiles; it is made if it is not there")
    parser.add_argument("corners", nargs="*", default=DEFAULT_CORNERS, help="south-west corners (default: a dozen)")
    options = parser.parse_args(arguments)
    corners: dict[str, tuple[int, int]] = {}
    for name in options.corners:
        try:
            corners[name] = parse_corner(name)
        except ValueError as problem:
            parser.error(f"corner {name!r}: {problem}")
    with Image.open(options.map) as world:
        # Land is blue and lamps are yellow, so red holds the lamps alone; they reach half of white.
        lights = world.convert("RGB").getchannel("R").point(lambda value: min(255, 2 * value))
    options.tiles.mkdir(parents=True, exist_ok=True)
    for name, (south, west) in corners.items():
        path = options.tiles / f"{name}.png"
        cut(lights, south, west).save(path, optimize=True)
        print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
