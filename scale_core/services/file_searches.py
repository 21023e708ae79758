"""What lists of files are searched by: where, and of what time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from scale_core.db.conditions import Condition
from scale_core.db.country_index import in_countries
from scale_core.db.extents import in_extent
from scale_core.domain.places import InvalidPlace, Place
from scale_core.domain.times import data_range
from scale_core.services.exceptions import invalid
from scale_core.services.geometries import place_of_bounds, place_of_geometry


class FileSearch(Protocol):
    """The parameters that lists of files share."""

    @property
    def bbox(self) -> str | None: ...
    @property
    def geometry(self) -> str | None: ...
    @property
    def data_started(self) -> str | None: ...
    @property
    def data_ended(self) -> str | None: ...
    @property
    def countries(self) -> Sequence[str]: ...


def search_conditions(query: FileSearch, now: datetime) -> list[Condition]:
    """The conditions that a request sets for where files are, in what countries, and of what time; none of what it says
    nothing of.

    :raises Invalid: a place is none.
    :raises InvalidTime: a time is none, or they are exchanged.
    """
    span = data_range(query.data_started, query.data_ended, now)
    places = [
        _place(name, read, text)
        for name, read, text in (
            ("bbox", place_of_bounds, query.bbox),
            ("geometry", place_of_geometry, query.geometry),
        )
        if text is not None
    ]
    found = [in_extent(place, span) for place in places]
    if span is not None and not places:
        found.append(in_extent(None, span))
    if query.countries:
        found.append(in_countries(query.countries))
    return found


def _place(parameter: str, read: Callable[[str], Place], text: str) -> Place:
    try:
        return read(text)
    except InvalidPlace as error:
        raise invalid(parameter, f"{parameter}: {error}.") from error
