"""JSON pointers (RFC 6901)."""

from typing import Any


def escape(step: str) -> str:
    """One reference token, escaped."""
    return step.replace("~", "~0").replace("/", "~1")


def child(pointer: str, *steps: str | int) -> str:
    """The pointer to what lies ``steps`` below ``pointer``."""
    return "".join([pointer, *(f"/{escape(str(step))}" for step in steps)])


def split(pointer: str) -> tuple[str, ...]:
    """The unescaped steps of a pointer; the empty pointer has none."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def resolve(document: Any, pointer: str) -> Any:
    """The value at a pointer.

    :raises KeyError: with the first step that is not there.
    """
    for step in split(pointer):
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            raise KeyError(step)
    return document
