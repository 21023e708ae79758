"""What an installation says about NFS: the table ``[storage.nfs]``, for workspaces and Strikes alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Final, Self

from scale_core.interfaces.options import OptionError
from scale_core.storage.mounts import Export

NFS: Final = "nfs"
PORT: Final = 2049


@dataclass(frozen=True, slots=True)
class NfsOptions:
    """How exports are reached.

    :param mounts: folders of this machine by the export that they hold.
    :param kernel: whether the kernel is asked to mount what is not mounted, where this user may: auto or off.
    :param mount_folder: where it does.
    :param client: whether what is not mounted is reached without the kernel: auto or off.
    :param timeout: seconds without any progress after which work on an export is given up.
    :param transfers: how many calls of one broker are under way at most.
    :param port: of the server, without which it is the one of NFS.
    """

    mounts: Mapping[Export, Path] = field(default_factory=dict)
    kernel: str = "auto"
    mount_folder: Path = Path("/run/scale/nfs")
    client: str = "auto"
    timeout: float = 60.0
    transfers: int = 4
    port: int = PORT

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read them; numbers may be text.

        :raises OptionError: one is unknown or wrong.
        """
        unknown = sorted(set(options) - set(_READERS))
        if unknown:
            known = ", ".join(_READERS)
            raise OptionError(f"There is no option {unknown[0]!r} of storage of the type 'nfs'; there are: {known}.")
        return cls(**{name: _READERS[name](name, value) for name, value in options.items()})


def _wrong(name: str, value: object, right: str) -> OptionError:
    return OptionError(f"The option {name!r} of storage of the type 'nfs' is {value!r}; it must be {right}.")


def _mounts(name: str, value: Any) -> dict[Export, Path]:
    right = 'exports with their folders: {"host:/path" = "/folder"}, as text host:/path=/folder,…'
    if isinstance(value, str):
        pairs = [one.strip().partition("=")[::2] for one in value.split(",") if one.strip()]
    elif isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        raise _wrong(name, value, right)
    found = {}
    for text, folder in pairs:
        export = Export.parse(text)
        if export is None or not isinstance(folder, str) or not folder.startswith("/") or ".." in Path(folder).parts:
            raise _wrong(name, value, right)
        found[export] = Path(folder)
    return found


def _auto(name: str, value: Any) -> str:
    if value not in ("auto", "off"):
        raise _wrong(name, value, "'auto' or 'off'")
    return str(value)


def _folder(name: str, value: Any) -> Path:
    if not isinstance(value, str) or not value.startswith("/"):
        raise _wrong(name, value, "the absolute path of a folder")
    return Path(value)


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not (isfinite(seconds) and seconds > 0):
        raise _wrong(name, value, "a number of seconds above 0")
    return seconds


def _count(name: str, value: Any, most: int) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 1 <= int(text) <= most:
        raise _wrong(name, value, f"a whole number from 1 to {most}")
    return int(text)


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "mounts": _mounts,
    "kernel": _auto,
    "mount_folder": _folder,
    "client": _auto,
    "timeout": _seconds,
    "transfers": lambda name, value: _count(name, value, 64),
    "port": lambda name, value: _count(name, value, 65535),
}
