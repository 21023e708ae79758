"""Files that a workspace has and that another one is to have too: copies of them on this machine, for a moment."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from scale_core.intake.orders import IngestOrder, Place
from scale_core.interfaces.broker import Broker


class Origins:
    """Fetches files out of the workspaces that have them.

    :param folder: where the copies are; nobody else uses it.
    :param broker_of: gives the broker of a workspace, or raises BrokerError.
    """

    def __init__(self, folder: Path, broker_of: Callable[[Place], Broker]) -> None:
        self._folder = folder
        self._broker_of = broker_of

    def tidy(self) -> None:
        """Remove what a crash left; nobody may be fetching."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def fetched(self, order: IngestOrder) -> IngestOrder:
        """The order to move a copy, which is on this machine now, of the file in the workspace ``order.origin``.

        :raises BrokerError: the file is gone, its storage refuses, or nothing serves that workspace.
        :raises OSError: there is no room for it here.
        """
        if order.origin is None:
            return order
        self._folder.mkdir(exist_ok=True)
        copy = self._copy(order.ingest_id)
        copy.unlink(missing_ok=True)
        self._broker_of(order.origin).retrieve(order.source, copy)
        return replace(order, source=str(copy), origin=None, keeps_source=False)

    def forget(self, ingest_ids: Iterable[int]) -> None:
        """Remove the copies of files that could not be taken into their workspaces."""
        for one in ingest_ids:
            self._copy(one).unlink(missing_ok=True)

    def _copy(self, ingest_id: int) -> Path:
        return self._folder / str(ingest_id)
