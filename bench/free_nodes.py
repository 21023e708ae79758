"""A cluster of nodes that run nothing: what they are handed ends when they are told so."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from scale_core.interfaces.engine import (
    AgentStarter,
    Engine,
    EngineListener,
    EngineSettings,
    ExecutionFinished,
    Launch,
    LogChunk,
    Node,
    Offer,
    Resources,
    needs_of,
)
from scale_generated.specs.execution_report import ExecutionReport

NODE = Resources(16.0, 65_536.0, 1_000_000.0)


class FreeNodes(Engine):
    """Offers nodes that are free, until they are handed something.

    :param number: of nodes.
    """

    name: ClassVar[str] = "free-nodes"

    def __init__(self, settings: EngineSettings, number: int) -> None:
        self._totals = {f"bench-node-{one}": NODE for one in range(number)}
        self._free = dict(self._totals)
        self._listener: EngineListener | None = None
        self.running: list[int] = []

    def start(self, listener: EngineListener, start_agent: AgentStarter) -> None:
        """Nothing has to be started."""
        self._listener = listener

    def stop(self, grace_seconds: float) -> None:
        """Nothing runs."""

    def nodes(self) -> Sequence[Node]:
        """All of them."""
        return [Node(name, name, 5051, total) for name, total in self._totals.items()]

    def offers(self) -> Sequence[Offer]:
        """What is free on each."""
        return [Offer(name, name, free) for name, free in self._free.items()]

    def launch(self, launches: Sequence[Launch]) -> None:
        """Remember what was handed over, and what it takes."""
        for one in launches:
            self._free[one.agent_id] -= needs_of(one.plan)
            self.running.append(one.plan.execution_id)

    def end_all(self, steps: Mapping[str, Any]) -> None:
        """Tell that everything has ended well, after such steps."""
        if self._listener is None:
            return
        reports = ({"execution_id": one, "status": "COMPLETED", "steps": steps} for one in self.running)
        self._listener.notify([ExecutionFinished(ExecutionReport.from_document(one)) for one in reports])
        self.running, self._free = [], dict(self._totals)

    def kill(self, execution_id: int) -> None:
        """Nobody asks for it."""

    def reconcile(self, execution_ids: Sequence[int]) -> None:
        """All that is handed over runs."""

    def logs(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Nothing was run that could have written."""
        return LogChunk(b"", 0, 0)
