"""The nodes during one pass: what is left of each, which are kept for whom, and why a need found no place."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from scale_core.domain.placement.rooms import Rooms
from scale_core.domain.placement.values import NodeFree, Why
from scale_core.interfaces.engine import Resources
from scale_generated.enums import WaitingReason as Reason

MOST_IDS = 100
"""So many nodes are named as a reason, at most."""

LACKING = Why(
    Reason.NODES_LACKING,
    "Nodes that are large enough lack something else that it needs, such as a mount; they are tried again in a while.",
)


class Need:
    """One of the distinct needs of a pass, and what has been found out about it.

    :ivar shapes: those of the usable nodes that it fits in when they are empty.
    :ivar lacking: the engine's names of nodes that lack something else for it.
    :ivar start: no node before this one has room for it.
    :ivar is_passed_over: whether an execution with this need was passed over for lack of room.
    """

    __slots__ = ("is_passed_over", "lacking", "resources", "shapes", "start", "why")

    def __init__(self, resources: Resources, shapes: frozenset[int], lacking: frozenset[str]) -> None:
        self.resources = resources
        self.shapes = shapes
        self.lacking = lacking
        self.start = 0
        self.is_passed_over = False
        self.why: Why | None = None


class Nodes:
    """The nodes that are not paused, in one fixed order, emptiest first, known by their index in it. What is left of
    them only shrinks, except when a reservation is lifted; hence each need remembers how far it has looked.

    Nodes with the same total are of one *shape*: what fits in one of them when it is empty fits in all.
    """

    def __init__(self, nodes: Sequence[NodeFree]) -> None:
        self._all = nodes
        self._paused = [one for one in nodes if one.is_paused]
        self.usable = sorted((one for one in nodes if not one.is_paused), key=_emptiest_first)
        self._rooms = Rooms([one.free for one in self.usable])
        shapes: dict[Resources, int] = {}
        self.shapes = [shapes.setdefault(one.total, len(shapes)) for one in self.usable]
        self._totals = list(shapes)
        self._needs: dict[tuple[Resources, frozenset[str]], Need] = {}
        self._kept: dict[int, Resources] = {}
        self._youngest: dict[int, datetime] = {}

    def need(self, resources: Resources, lacking: frozenset[str] = frozenset()) -> Need:
        """What is known of a need, which the nodes ``lacking`` lack something else for."""
        need = self._needs.get((resources, lacking))
        if need is None:
            fitting = (shape for shape, total in enumerate(self._totals) if resources.fits_in(total))
            need = self._needs[resources, lacking] = Need(resources, frozenset(fitting), lacking)
        return need

    def all_lack(self, lacking: frozenset[str]) -> bool:
        """Whether there are nodes, and all that could be used are among those that lack something."""
        return bool(lacking and self.usable) and all(one.agent_id in lacking for one in self.usable)

    def take(self, need: Need) -> int | None:
        """Take ``need`` from the first node that has it."""
        index = self._first(need, need.start)
        if index is None:
            need.start = len(self.usable)
            return None
        need.start = index
        self._rooms.take(index, need.resources)
        return index

    def _first(self, need: Need, start: int = 0) -> int | None:
        """The first node from ``start`` on that has room for ``need`` and lacks nothing for it."""
        index = self._rooms.first(need.resources, start)
        while index is not None and self.usable[index].agent_id in need.lacking:
            index = self._rooms.first(need.resources, index + 1)
        return index

    def take_at(self, index: int, need: Need) -> None:
        """Take ``need`` from a node, whether it is free there or not."""
        self._rooms.take(index, need.resources)

    # Reservations: a kept node's room is what it has left less what it is kept for.

    def is_kept(self, index: int) -> bool:
        """Whether the node is kept for an execution."""
        return index in self._kept

    def can_keep(self, need: Need, index: int) -> bool:
        """Whether the node will have room for ``need`` once what runs there has ended, and is not kept yet."""
        node = self.usable[index]
        return (
            index not in self._kept
            and node.agent_id not in need.lacking
            and self.shapes[index] in need.shapes
            and need.resources.fits_in(node.total - node.endless)
        )

    def keep(self, index: int, need: Need) -> None:
        """Keep a node for ``need``."""
        self._kept[index] = need.resources
        self._rooms.take(index, need.resources)

    def give_up(self, index: int) -> None:
        """Keep the node no longer."""
        self._rooms.give(index, self._kept.pop(index))
        for need in self._needs.values():
            need.start = 0

    def take_kept(self, index: int, need: Need) -> int | None:
        """Take ``need`` from the node that is kept for it, or else from another; then none is kept for it any more."""
        if self._has_beside(index, self._kept[index]):
            del self._kept[index]
            return index
        other = self.take(need)
        if other is not None:
            self.give_up(index)
        return other

    def best_to_keep(self, need: Need) -> int | None:
        """The node that lacks least for ``need``, by the share of its total."""
        fitting = (index for index in range(len(self.usable)) if self.can_keep(need, index))
        return min(fitting, key=lambda index: (self._lack(index, need.resources), index), default=None)

    def _lack(self, index: int, need: Resources) -> float:
        return dominant_share(need - self._rooms.left(index), self.usable[index].total)

    # Who was overtaken.

    def started(self, index: int, queued: datetime) -> None:
        """An execution that was queued then was placed on the node by its rank."""
        shape = self.shapes[index]
        if shape not in self._youngest or queued > self._youngest[shape]:
            self._youngest[shape] = queued

    def overtaken(self, need: Need, queued: datetime) -> bool:
        """Whether an execution that is younger than ``queued`` was placed where ``need`` might have been."""
        return any(shape in need.shapes and youngest > queued for shape, youngest in self._youngest.items())

    # Reasons.

    def why_not(self, need: Need) -> Why:
        """Why ``need`` found no place; to be asked when the pass is over. Names no ids, which takes a look at all
        nodes."""
        if need.why is None:
            need.why = next(self._explained(need))
        return need.why

    def reasons(self, need: Need) -> list[Why]:
        """All that keeps ``need`` from a place; to be asked when the pass is over. Empty: there is room."""
        if self._first(need) is not None:
            return []
        return [why._replace(node_ids=self._about(why, need)) for why in self._explained(need)]

    def _explained(self, need: Need) -> Iterator[Why]:
        """Why there is no room; what matters most comes first, and there is one at least."""
        text = describe(need.resources)
        if not self._all:
            yield Why(Reason.NO_NODES, "No node is connected.")
        elif need.shapes:
            lacking = self._fitting(need, lacking=True) if need.lacking else ()
            if not lacking or self._fitting(need, lacking=False):
                yield self._in_use(need, text)
            if lacking:
                yield LACKING
            if any(need.resources.fits_in(one.free) and one.agent_id not in need.lacking for one in self._paused):
                yield Why(Reason.NODES_PAUSED, f"Nodes that have {text} free are paused.")
        elif any(need.resources.fits_in(one.total) for one in self._paused):
            yield Why(Reason.NODES_PAUSED, f"Each node that has {text} is paused.")
        else:
            detail = f"It needs {text}, and no node has as much; {self._largest(need.resources)}."
            yield Why(Reason.TOO_LARGE, detail)

    def _in_use(self, need: Need, text: str) -> Why:
        kept = next(iter(self._kept_with_room(need)), None)
        if kept is not None:
            return Why(
                Reason.KEPT_FOR_OTHERS,
                f"It needs {text}; the nodes that have as much are in use, or kept for executions that have waited "
                f"longer, as {kept.agent_id} is.",
            )
        return Why(Reason.IN_USE, f"It needs {text}; the nodes that have as much are in use.")

    def _about(self, why: Why, need: Need) -> tuple[int, ...]:
        """Ids of the nodes that a reason is about."""
        about: Iterable[NodeFree] = ()
        if why.reason == Reason.KEPT_FOR_OTHERS:
            about = self._kept_with_room(need)
        elif why.reason in (Reason.IN_USE, Reason.NODES_LACKING):
            about = self._fitting(need, lacking=why.reason == Reason.NODES_LACKING)
        elif why.reason == Reason.NODES_PAUSED:
            in_total = not need.shapes
            paused = (one for one in self._paused if need.resources.fits_in(one.total if in_total else one.free))
            about = (one for one in paused if in_total or one.agent_id not in need.lacking)
        return tuple(islice((one.node_id for one in about), MOST_IDS))

    def _fitting(self, need: Need, *, lacking: bool) -> list[NodeFree]:
        """The usable nodes that ``need`` fits in when they are empty, and that lack something for it, or do not."""
        nodes = zip(self.usable, self.shapes, strict=True)
        return [one for one, shape in nodes if shape in need.shapes and (one.agent_id in need.lacking) == lacking]

    def _kept_with_room(self, need: Need) -> list[NodeFree]:
        """The nodes that would have room for ``need`` if they were not kept for others."""
        found = (self.usable[index] for index in self._kept if self._has_beside(index, need.resources))
        return [one for one in found if one.agent_id not in need.lacking]

    def _has_beside(self, index: int, need: Resources) -> bool:
        return need.fits_in(self._rooms.left(index) + self._kept[index])

    def _largest(self, need: Resources) -> str:
        for name, wanted in amounts_of(need).items():
            most = max(amounts_of(one.total).get(name, 0.0) for one in self._all)
            if wanted > most:
                return f"the most {name} that one has is {most:g}"
        return "none has all of it together"


def dominant_share(need: Resources, total: Resources) -> float:
    """The largest of the shares that ``need`` takes of ``total``; a resource of which there is none does not count."""
    pairs: list[tuple[float, float]] = [
        (need.cpus, total.cpus),
        (need.mem, total.mem),
        (need.disk, total.disk),
    ]
    if need.custom:
        there_of = dict(total.custom)
        pairs += [(wanted, there_of.get(name, 0.0)) for name, wanted in need.custom]
    return max((wanted / there for wanted, there in pairs if there > 0), default=0.0)


def describe(need: Resources) -> str:
    """A need in words."""
    parts = [f"{need.cpus:g} cpus", f"{need.mem:g} MiB of memory", f"{need.disk:g} MiB of disk"]
    parts += [f"{amount:g} {name}" for name, amount in need.custom]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def amounts_of(resources: Resources) -> dict[str, float]:
    """All amounts by name."""
    return {"cpus": resources.cpus, "mem": resources.mem, "disk": resources.disk} | dict(resources.custom)


def _emptiest_first(node: NodeFree) -> tuple[float, int]:
    share = node.free.cpus / node.total.cpus if node.total.cpus else 0.0
    return -share, node.node_id
