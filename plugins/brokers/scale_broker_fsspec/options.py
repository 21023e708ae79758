"""What the installation says about fsspec: ``[storage.fsspec]`` in scale.toml, ``SCALE_STORAGE_FSSPEC_…`` variables."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from scale_core.interfaces.options import OptionError

TRIED: Final = ("sftp", "ssh")
"""Protocols that reach another machine and nothing else, and that are tested. Others may open local files, or each
other, or have ways of their own; whoever runs the installation allows them."""


@dataclass(frozen=True, slots=True)
class FsspecOptions:
    """The options.

    :param protocols: those that workspaces may name.
    :param hosts: those that workspaces may name, ``host`` or ``host:port``.
    :param accounts: what fsspec is told besides, by the name that workspaces give: passwords, keys, all that differs
        from protocol to protocol.
    :param timeout_seconds: how long a step may take: to connect, to read or write a piece of a file.
    :param transfers: how many calls of one broker are under way at most; each has a connection.
    """

    protocols: tuple[str, ...] = TRIED
    hosts: tuple[str, ...] = ()
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 30.0
    transfers: int = 4

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read them.

        :raises OptionError: one is unknown or wrong.
        """
        if unknown := sorted(set(options).difference(_READERS)):
            raise OptionError(
                f"The storage option 'fsspec.{unknown[0]}' is not known; there are {', '.join(_READERS)}."
            )
        values: dict[str, Any] = {name: _READERS[name](name, value) for name, value in options.items()}
        return cls(**values)

    def arguments(self, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """What fsspec is told so that it opens the storage that a workspace's configuration names.

        :raises OptionError: the installation does not allow it (decision 0043).
        """
        protocol, name = configuration["protocol"], configuration.get("account")
        if protocol not in self.protocols:
            raise OptionError(
                f"The protocol {protocol!r} is not allowed by this installation; allowed are "
                f"{', '.join(self.protocols)} (`protocols` in [storage.fsspec] of scale.toml)."
            )
        if name is not None and name not in self.accounts:
            raise OptionError(
                f"There is no account {name!r}; make a table [storage.fsspec.accounts.{name}] in scale.toml."
            )
        given = {key: configuration[key] for key in ("host", "port", "username") if key in configuration}
        self._require_allowed(given)
        return {**given, **(self.accounts[name] if name is not None else {})}

    def _require_allowed(self, given: Mapping[str, Any]) -> None:
        host = given.get("host")
        named = {host, f"{host}:{given['port']}"} if "port" in given else {host}
        if host is not None and named.isdisjoint(self.hosts):
            raise OptionError(
                f"The host {host} is not allowed by this installation; whoever runs it can add it to `hosts` in "
                "[storage.fsspec] of scale.toml (SCALE_STORAGE_FSSPEC_HOSTS)."
            )


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """A list, or text with commas."""
    many = value.split(",") if isinstance(value, str) else value
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise OptionError(f"The storage option fsspec.{name} must be a list of texts.")
    return tuple(one.strip() for one in many if one.strip())


def _tables(name: str, value: Any) -> Mapping[str, Mapping[str, Any]]:
    """Tables by name, or JSON that has them. The message must not show it."""
    try:
        tables = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        tables = None
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise OptionError(f"The storage option fsspec.{name} must be a table of tables, or JSON of them in a variable.")
    return tables


def _number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise OptionError(f"The storage option fsspec.{name} is {value!r} and must be a number from {low} to {high}.")
    return number


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "protocols": _texts,
    "hosts": _texts,
    "accounts": _tables,
    "timeout_seconds": lambda name, value: _number(name, value, 0.1, 3600),
    "transfers": lambda name, value: int(_number(name, value, 1, 64)),
}
