"""The names of tiles: a tile is named by its south-west corner, ``N45W120``."""

import re

TILE_DEGREES = 15
CORNER = re.compile(r"([NS])([0-9]{2})([EW])([0-9]{3})")


def parse_corner(name: str) -> tuple[int, int]:
    """Return (south, west) in whole degrees; ValueError if the name is no corner of a tile on the map."""
    match = CORNER.fullmatch(name)
    if match is None:
        raise ValueError("it should be a south-west corner like N45W120: N or S, two digits, E or W, three digits")
    south = int(match[2]) * (1 if match[1] == "N" else -1)
    west = int(match[4]) * (1 if match[3] == "E" else -1)
    if not (-90 <= south <= 90 - TILE_DEGREES and -180 <= west <= 180 - TILE_DEGREES):
        raise ValueError(
            f"a tile of {TILE_DEGREES} degrees would leave the map; the corner should be between S90 and "
            f"N{90 - TILE_DEGREES} and between W180 and E{180 - TILE_DEGREES}"
        )
    return south, west
