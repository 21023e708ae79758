"""Which folders of this machine an ingest works in: those of its file and of workspaces (decision 0056)."""

from scale_core.intake.orders import IngestOrder, Place, Removal
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError

Found = tuple[str, ...]
"""Folders that could hang by themselves."""


class Folders:
    """Finds them for one group; each workspace is looked at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._of_places: dict[str, Found] = {}

    def of_order(self, order: IngestOrder) -> Found:
        """Those that a file is in and goes to."""
        source = _above(order.source) if order.origin is None else self._of_place(order.origin)
        return tuple(dict.fromkeys((*source, *self._of_place(order.workspace))))

    def of_removal(self, removal: Removal) -> Found:
        """Those that what is left of a duplicate is in."""
        return (*(() if removal.source is None else _above(removal.source)), *self._of_place(removal.workspace))

    def _of_place(self, place: Place) -> Found:
        if place.name not in self._of_places:
            try:
                folder = broker_for(self._context, place.configuration).local_folder
            except ServiceError:  # whoever moves files there says what is wrong
                folder = None
            self._of_places[place.name] = () if folder is None else (str(folder),)
        return self._of_places[place.name]


def _above(path: str) -> Found:
    return (path.rpartition("/")[0],)
