"""``ARTIFACT:<output_name>:<path>`` lines in a job's standard output (reference: Results Manifest)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scale_core.runner.failures import StepFailed

CHUNK = 1 << 20
LONGEST_LINE = 1 << 13
"""Bytes; a longer line names no file that could exist."""

MOST_ARTIFACTS = 100_000
_LINE = re.compile(rb"^ARTIFACT:([^:\n]+):([^\n]+)$", re.MULTILINE)


def read_artifacts(stdout: str) -> dict[str, list[str]]:
    """Paths by output name, in the order of the lines, each once.

    :raises StepFailed: there are more than MOST_ARTIFACTS, or a line is not UTF-8.
    """
    found: dict[str, dict[str, None]] = {}
    count = 0
    if not Path(stdout).exists():
        return {}
    with Path(stdout).open("rb") as stream:
        for name, path in _artifacts(stream):
            count += 1
            if count > MOST_ARTIFACTS:
                raise StepFailed("invalid-manifest", f"Standard output has more than {MOST_ARTIFACTS} ARTIFACT lines.")
            found.setdefault(name, {})[path] = None
    return {name: list(paths) for name, paths in found.items()}


def _artifacts(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    for line in _lines(stream):
        try:
            name, path = (part.decode().strip() for part in line.groups())
        except UnicodeDecodeError as error:
            raise StepFailed(
                "invalid-manifest", f"The line {line.group()[:200]!r} in standard output is not UTF-8 text."
            ) from error
        if name and path:
            yield name, path


def _lines(stream: BinaryIO) -> Iterator[re.Match[bytes]]:
    """The ARTIFACT lines, however long the stream and its other lines are."""
    rest = b""
    while chunk := stream.read(CHUNK):
        block = rest + chunk
        end = block.rfind(b"\n") + 1
        yield from _LINE.finditer(block, 0, end)
        rest = block[end:]
        if len(rest) > LONGEST_LINE:
            rest = b" "  # stands for the beginning of a line that is none of ours
    yield from _LINE.finditer(rest)
