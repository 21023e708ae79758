"""Compares generated files with those that lie there, and brings them up to date."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scale_codegen.generate import PACKAGE


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not what it has to be. ``before``/``after`` are None where there is, or has to be, no file."""

    path: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> Literal["missing", "orphan", "outdated"]:
        if self.before is None:
            return "missing"
        return "orphan" if self.after is None else "outdated"

    def diff(self) -> str:
        """A unified diff from what is there to what has to be."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            fromfile="/dev/null" if self.before is None else self.path,
            tofile="/dev/null" if self.after is None else self.path,
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def changes(root: Path, files: Mapping[str, str]) -> tuple[Change, ...]:
    """What has to change below ``root`` to hold exactly ``files``, by path."""
    paths = sorted({*files, *_existing(root)})
    found = (Change(path, _text(root / path), files.get(path)) for path in paths)
    return tuple(change for change in found if change.before != change.after)


def write(root: Path, files: Mapping[str, str]) -> tuple[Change, ...]:
    """Make the generated package hold exactly ``files``; returns what was changed."""
    done = changes(root, files)
    for change in done:
        path = root / change.path
        if change.after is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change.after, encoding="utf-8", newline="")
    return done


def _existing(root: Path) -> Iterator[str]:
    for path in (root / PACKAGE).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix()


def _text(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return file.read()
