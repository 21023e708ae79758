"""The export that a workspace's configuration names."""

from collections.abc import Mapping
from typing import Any

from scale_core.interfaces.broker import StorageUnavailable
from scale_core.storage.mounts import Export


def export_of(configuration: Mapping[str, Any]) -> Export:
    """The export of a (valid) configuration: its ``mount`` or, as some write it, ``nfs_path``."""
    export = Export.parse(configuration.get("mount") or configuration["nfs_path"])
    if export is None:
        raise StorageUnavailable("The workspace's mount must be written host:/path.")
    return export
