"""What the three algorithms share: the command line, opening images, footprints and the results manifest."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image

EXIT_UNREADABLE_IMAGE = 2
EXIT_BAD_TILE_NAME = 3
EXIT_USAGE = 64
"""EX_USAGE of sysexits.h. argparse's own 2 would be taken for an unreadable image."""

MODEL_PIXEL_SCALE, MODEL_TIEPOINT, GEO_KEY_DIRECTORY = 33550, 33922, 34735
"""The TIFF tags that place a GeoTIFF on the earth (OGC GeoTIFF 1.1, section 7)."""


class Parser(argparse.ArgumentParser):
    """A parser of IMAGE and OUTPUT_DIR whose exit code for a wrong command line is `EXIT_USAGE`."""

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("image", type=Path, metavar="IMAGE")
        self.add_argument("output_dir", type=Path, metavar="OUTPUT_DIR")

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def fail(exit_code: int, message: str) -> NoReturn:
    """End the program with a message on stderr."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(exit_code)


def open_gray(path: Path) -> Image.Image:
    """Return the image loaded whole, as 8-bit gray; an image that cannot be read ends the program."""
    try:
        with Image.open(path) as image:
            gray = image.convert("L")
            # convert() keeps the pixels and what was written beside them, but not the TIFF tags.
            gray.info["tags"] = dict(getattr(image, "tag_v2", {}))
    except (OSError, SyntaxError, Image.DecompressionBombError) as problem:
        fail(EXIT_UNREADABLE_IMAGE, f"{path.name} is no image that can be opened: {problem}")
    return gray


def footprint(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return the GeoJSON Polygon of a box in degrees (WGS 84), counter-clockwise."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write_manifest(output_dir: Path, manifest: dict[str, Any]) -> None:
    """Write ``results_manifest.json``, version 1.1, into the output folder."""
    document = {"version": "1.1", **manifest}
    (output_dir / "results_manifest.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
