"""Names of files that are found: which can be ingested, and how those are written that cannot."""

import re
from typing import Final

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f\\\udc80-\udcff]")
_WRITTEN: Final = re.compile(r"\\(?:x([0-9a-f]{2})|\\)")
_BYTE: Final = 0xDC00
"""Python keeps a byte of a name that is not UTF-8 as this and its number (``surrogateescape``)."""


def name_problem(name: str) -> str | None:
    """Why a file or folder of this name (one part of a path, as Python reads it) is not ingested; None: it may be."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8; rename it"
    return "its name has control characters; rename it" if CONTROL.search(name) else None


def escaped(path: str) -> str:
    """A name or path as text that can be shown, kept and read again (:func:`unescaped`): control characters and bytes
    that are not UTF-8 are written as ``\\xNN``, a backslash as two."""
    return _UNWRITABLE.sub(_written, path)


def unescaped(text: str) -> str:
    """The path that :func:`escaped` wrote."""
    return _WRITTEN.sub(_read, text)


def _written(found: re.Match[str]) -> str:
    if found[0] == "\\":
        return "\\\\"
    number = ord(found[0])
    return f"\\x{number - _BYTE if number >= _BYTE else number:02x}"


def _read(found: re.Match[str]) -> str:
    if found[1] is None:
        return "\\"
    number = int(found[1], 16)
    return chr(number if number < 0x80 else number + _BYTE)
