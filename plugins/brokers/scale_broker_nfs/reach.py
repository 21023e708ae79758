"""How an export is reached: mounted, or without the kernel's help (decision 0041)."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final, Self, cast

from scale_broker_nfs.export import export_of
from scale_core.interfaces.broker import Broker, StorageUnavailable
from scale_core.storage.kernel_mounts import MountRefused, kernel_mount
from scale_core.storage.mounts import Export, mounted, place_of
from scale_core.storage.nfs_options import NFS, NfsOptions
from scale_core.storage.tree import TreeBroker

CLIENT: Final = "scale_broker_nfs.client"
"""It is only imported where it is needed: the library takes memory."""


class MountedExport(TreeBroker):
    """The files of a workspace below a folder where its export is mounted."""

    type_name: ClassVar[str] = NFS
    configuration_schema: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """On the folder ``root``."""
        return cls(Path(configuration["root"]))


def reach(configuration: Mapping[str, Any], options: Mapping[str, Any]) -> Broker:
    """A broker of the export: on the folder that the installation maps it to, else where it is mounted, else where the
    kernel mounts it now, else through a client of our own.

    :raises StorageUnavailable: none of that is possible.
    """
    export, settings = export_of(configuration), NfsOptions.of(options)
    place = place_of(export, settings.mounts, mounted())
    if place is None:
        try:
            place = kernel_mount(export, settings)
        except MountRefused as error:
            if settings.client == "off":
                raise StorageUnavailable(
                    f"{export} is not mounted on this machine, and cannot be: {error}. Mount it, and say where in the "
                    "option 'mounts' of [storage.nfs], or let the option 'client' be 'auto'."
                ) from error
            return _over_the_protocol(export, settings)
    return MountedExport.from_configuration({"root": str(place)})


def _over_the_protocol(export: Export, settings: NfsOptions) -> Broker:
    try:
        return cast("Broker", import_module(CLIENT).ClientExport(export, settings))
    except ImportError as error:
        raise StorageUnavailable(
            f"{export} is not mounted on this machine, and there is no NFS client in Python for it ({error}). "
            "Mount it, and say where in the option 'mounts' of [storage.nfs]."
        ) from error
