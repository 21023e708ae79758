"""Where on Earth something is looked for, as far as boxes tell it. Degrees of longitude and latitude, WGS 84."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_RIGHT: Final = "write west,south,east,north in degrees, such as -10.5,35,4.5,44"
_COLLECTION: Final = 7
"""The kind of geometry, as the first of four bytes of WKB says it."""
_LONGITUDE: Final = 180.0
_LATITUDE: Final = 90.0


class InvalidPlace(ValueError):
    """What is to say where is no box and no geometry. The message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Box:
    """From ``west`` to ``east`` and from ``south`` to ``north``, its edges included; not across the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Place:
    """What files are looked for in.

    ``wkb`` is its geometry, little-endian and without SRID; ``boxes``, one or two of them, hold all of it, and nothing
    else if ``is_boxes``.
    """

    wkb: bytes
    boxes: tuple[Box, ...]
    is_boxes: bool

    @property
    def is_collection(self) -> bool:
        """Whether it is made of geometries of any kind, which may overlap."""
        return self.wkb[1] == _COLLECTION


def boxes_within(west: float, south: float, east: float, north: float) -> tuple[Box, ...]:
    """The boxes that bounds stand for: two, one to each side of the antimeridian, if west lies east of east."""
    if west <= east:
        return (Box(west, south, east, north),)
    return Box(west, south, _LONGITUDE, north), Box(-_LONGITUDE, south, east, north)


def read_bounds(text: str) -> tuple[Box, ...]:
    """The boxes that ``west,south,east,north`` stands for.

    :raises InvalidPlace: it is not that, or lies off the Earth.
    """
    return boxes_of(read_numbers(text))


def read_numbers(text: str) -> list[float]:
    """The numbers that are separated by commas.

    :raises InvalidPlace: there is something else.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidPlace(f"{text!r} is no box: {_RIGHT}") from error


def boxes_of(numbers: Sequence[float]) -> tuple[Box, ...]:
    """The boxes that west, south, east and north stand for.

    :raises InvalidPlace: these are more or fewer numbers, or they lie off the Earth.
    """
    if len(numbers) != 4:
        raise InvalidPlace(f"a box has four numbers, not {len(numbers)}: {_RIGHT}")
    west, south, east, north = numbers
    for name, value, most in (
        ("west", west, _LONGITUDE),
        ("south", south, _LATITUDE),
        ("east", east, _LONGITUDE),
        ("north", north, _LATITUDE),
    ):
        if not -most <= value <= most:
            raise InvalidPlace(f"{name} is {value}, which does not lie from -{most:g} to {most:g}: {_RIGHT}")
    if south > north:
        raise InvalidPlace(f"south, {south}, lies north of north, {north}: exchange them")
    return boxes_within(west, south, east, north)
