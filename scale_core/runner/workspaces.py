"""The workspaces that a plan names, as brokers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scale_core.interfaces.broker import Broker
from scale_core.interfaces.options import OptionError
from scale_core.runner.control import FolderInUse
from scale_core.runner.failures import Kind, StepFailed
from scale_generated.specs.workspace import Workspace


class PlanWorkspaces:
    """Makes each broker when it is first asked for.

    :param brokers: gives the installed broker classes by type.
    :param configurations: the plan's workspace documents by workspace name.
    :param options: the installation's options of storage, by type of broker.
    :param works_in: is told the folders of this machine in which brokers that were asked for work, and none at the end.
    """

    def __init__(
        self,
        brokers: Callable[[], Mapping[str, type[Broker]]],
        configurations: Mapping[str, Workspace],
        options: Mapping[str, Mapping[str, Any]],
        works_in: Callable[[Sequence[FolderInUse]], None] = lambda _folders: None,
    ) -> None:
        self._brokers = brokers
        self._configurations = configurations
        self._options = options
        self._works_in = works_in
        self._made: dict[str, Broker] = {}
        self._in_use: dict[str, Kind] = {}
        """Folders, with the kinds of failure where they do not answer."""
        self._were_in_use: dict[str, Kind] = {}

    def broker(self, name: str, kind: Kind) -> Broker:
        """The broker of workspace ``name``.

        :raises StepFailed: of ``kind``, where the plan or this node lacks something.
        """
        if name not in self._made:
            self._made[name] = self._make(name, kind)
        broker = self._made[name]
        if broker.local_folder is not None:
            self.work_in(str(broker.local_folder), kind)
        return broker

    def work_in(self, folder: str, kind: Kind) -> None:
        """Tell that work begins in a folder of this machine, beside those where it has begun."""
        if folder not in self._in_use:
            self._in_use[folder] = kind
            self._tell()

    @contextmanager
    def again(self) -> Iterator[None]:
        """Work in the same folders as before :meth:`close` while the block runs, past the brokers."""
        if not self._were_in_use:
            yield
            return
        self._in_use = self._were_in_use
        self._tell()
        try:
            yield
        finally:
            self._rest()

    def close(self) -> None:
        """Have brokers give back what they keep for the next call: it is not at hand."""
        for broker in self._made.values():
            broker.close()
        self._rest()

    def _tell(self) -> None:
        self._works_in([FolderInUse(folder, kind) for folder, kind in self._in_use.items()])

    def _rest(self) -> None:
        if self._in_use:
            self._were_in_use, self._in_use = self._in_use, {}
            self._tell()

    def _make(self, name: str, kind: Kind) -> Broker:
        if name not in self._configurations:
            raise StepFailed("engine", f"The execution plan uses the workspace {name!r} without its configuration.")
        configuration = self._configurations[name].broker
        brokers = self._brokers()
        broker = brokers.get(configuration.type)
        if broker is None:
            known = ", ".join(sorted(brokers)) or "none"
            raise StepFailed(
                kind,
                f"The workspace {name!r} needs a broker of type {configuration.type!r}, which is not installed on "
                f"this node; installed: {known}.",
            )
        try:
            return broker.from_settings(configuration.to_document(), self._options.get(configuration.type, {}))
        except OptionError as error:
            raise StepFailed(kind, f"The workspace {name!r} cannot be used on this node: {error}") from error
