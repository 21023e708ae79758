"""What the demo prints at the end."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
FOOTPRINT_WIDTH = 34


def format_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with aligned columns under its title; numbers stand to the right."""
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [header, *body]) for column in range(len(header))]
    lines = [[*header], ["─" * width for width in widths], *body]
    return "\n".join([title, *("  " + format_row(line, widths) for line in lines), ""])


def format_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return the cells padded to their widths, without blanks at the end."""
    padded = (
        cell.rjust(width) if cell[:1].isdigit() else cell.ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def shorten_wkt(wkt: str | None, width: int = FOOTPRINT_WIDTH) -> str:
    """Return the geometry with its numbers cut to two decimals and its tail to the width; ``-`` for none."""
    if wkt is None:
        return "-"
    short = NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), wkt)
    return short if len(short) <= width else f"{short[: width - 1].rstrip(' ,')}…"


def kibibytes(size: int) -> str:
    """Return the size in bytes as KiB."""
    return f"{size / 1024:.1f} KiB"


def seconds_between(started: str | None, ended: str | None) -> str:
    """Return the seconds from one ISO-8601 time to another; ``-`` if one is not known."""
    if started is None or ended is None:
        return "-"
    return f"{(datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds():.2f} s"


def ingest_table(ingests: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of the ingests by file name."""
    rows = [
        (
            ingest["file_name"],
            ingest["status"],
            ingest["media_type"],
            kibibytes(ingest["file_size"]),
            seconds_between(ingest["transfer_started"], ingest["ingest_ended"]),
        )
        for ingest in sorted(ingests, key=lambda ingest: str(ingest["file_name"]))
    ]
    return format_table("Ingests", ("file", "status", "media type", "size", "took"), rows)


def job_table(jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of how many jobs of each type have each status."""
    counts = Counter((job["job_type"]["name"], job["status"]) for job in jobs)
    statuses = sorted({status for _, status in counts})
    names = sorted({name for name, _ in counts})
    return format_table(
        "Jobs", ("job type", *statuses), [(name, *(counts[name, one] for one in statuses)) for name in names]
    )


def product_table(products: Iterable[Mapping[str, Any]], data: Path) -> str:
    """Return the table of the products, with their places on disk under the data folder."""
    rows = [
        (
            product["file_name"],
            product["media_type"],
            kibibytes(product["file_size"]),
            shorten_wkt(product["geometry"]),
            data / product["workspace"]["name"] / product["file_path"],
        )
        for product in products
    ]
    return format_table("Products", ("file", "media type", "size", "footprint", "lies in"), rows)
