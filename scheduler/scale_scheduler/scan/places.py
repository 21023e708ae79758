"""Where a Scan looks: a tree of folders, or the files of a workspace."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scale_core.services.context import Context
from scale_core.services.scan_progress import Seen
from scale_core.services.scan_runs import origin_broker
from scale_core.storage.mounts import mounted
from scale_core.watching.mounts import nfs_options, resolve
from scale_generated.specs.scan import Scan
from scale_scheduler.scan.listing import listed_entries
from scale_scheduler.scan.tree import tree_entries


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Scan looks.

    :param name: for people.
    :param folder: of this machine, in which it looks; None: in none.
    :param root: what comes before the paths of its files on this machine, without a final slash; empty in a workspace.
    :param entries: gives what is there behind a path (None: all of it), always in the same order.
    """

    name: str
    folder: Path | None
    root: str
    entries: Callable[[str | None], Iterator[Seen]]


def place_of(context: Context, configuration: Scan) -> Place:
    """Where the Scan of that configuration looks.

    :raises WatchUnavailable: the directory is not there.
    :raises ServiceError: the workspace is not there, or no installed plugin serves it.
    """
    if configuration.workspace is not None:
        broker = origin_broker(context, configuration.workspace)
        entries = partial(listed_entries, broker, is_recursive=configuration.recursive)
        return Place(f"the workspace {configuration.workspace!r}", broker.local_folder, "", entries)
    root = resolve(configuration.mount or "", nfs_options(context.settings.storage_options), mounted())
    return Place(str(root), root, str(root), partial(tree_entries, root, is_recursive=configuration.recursive))
