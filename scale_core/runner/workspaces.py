"""The workspaces that a plan names, as brokers."""

from collections.abc import Callable, Mapping

from scale_core.interfaces.broker import Broker
from scale_core.runner.failures import Kind, StepFailed
from scale_generated.specs.workspace import Workspace


class PlanWorkspaces:
    """Makes each broker when it is first asked for.

    :param brokers: gives the installed broker classes by type.
    :param configurations: the plan's workspace documents by workspace name.
    """

    def __init__(
        self, brokers: Callable[[], Mapping[str, type[Broker]]], configurations: Mapping[str, Workspace]
    ) -> None:
        self._brokers = brokers
        self._configurations = configurations
        self._made: dict[str, Broker] = {}

    def broker(self, name: str, kind: Kind) -> Broker:
        """The broker of workspace ``name``.

        :raises StepFailed: of ``kind``, where the plan or this node lacks something.
        """
        if name not in self._made:
            self._made[name] = self._make(name, kind)
        return self._made[name]

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
        return broker.from_configuration(configuration.to_document())
