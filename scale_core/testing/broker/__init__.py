"""What every broker keeps to, in parts; plugins use :class:`BrokerContract` alone."""

from scale_core.testing.broker.changing import ChangingContract
from scale_core.testing.broker.faults import FaultsContract
from scale_core.testing.broker.limits import LimitsContract
from scale_core.testing.broker.linking import LinkingContract
from scale_core.testing.broker.listing import ListingContract
from scale_core.testing.broker.making import MakingContract
from scale_core.testing.broker.many import ManyContract
from scale_core.testing.broker.paths import PathsContract
from scale_core.testing.broker.reading import ReadingContract
from scale_core.testing.broker.storing import StoringContract

__all__ = ["BrokerContract"]


class BrokerContract(
    MakingContract,
    StoringContract,
    ManyContract,
    LinkingContract,
    ListingContract,
    ReadingContract,
    ChangingContract,
    PathsContract,
    LimitsContract,
    FaultsContract,
):
    """Subclass it and give ``broker`` and ``configuration``; ``options`` where it was made with some, ``outside_link``
    where the storage has symbolic links, ``has_folders`` where it has no folders, ``under_way`` where others work
    for it, such as connections, and ``failing`` as far as storage that fails can be had."""
