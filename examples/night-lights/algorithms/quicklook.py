#!/usr/bin/env python3
"""Make a small picture, 128 x 128 pixels, of a tile.

Writes OUTPUT_DIR/<image>_quicklook.png and registers it by a line on stdout, ``ARTIFACT:quicklook:<path>``: an
algorithm with nothing more to say needs no results manifest.

exit codes:
  2   the image cannot be opened
  64  wrong command line
"""

from collections.abc import Sequence

from common import Parser, open_gray
from PIL import Image

SIZE = (128, 128)


def main(arguments: Sequence[str] | None = None) -> None:
    options = Parser(__doc__).parse_args(arguments)
    image = open_gray(options.image)
    output = options.output_dir / f"{options.image.stem}_quicklook.png"
    image.resize(SIZE, Image.Resampling.BOX).save(output, optimize=True)
    print(f"ARTIFACT:quicklook:{output}")


if __name__ == "__main__":
    main()
