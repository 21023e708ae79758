"""What engines keep over restarts."""

from pathlib import Path

from fakes.world import World
from scale_core.services.engine_memory import EngineMemoryService


def test_an_engine_remembers_what_it_set_last_and_nothing_of_others(tmp_path: Path) -> None:
    context = World(tmp_path).context
    memory, other = EngineMemoryService(context, "one"), EngineMemoryService(context, "other")
    assert memory.get("id") is None
    memory.set("id", "a")
    other.set("id", "b")
    memory.set("id", "c")
    assert EngineMemoryService(context, "one").get("id") == "c"
    memory.set("id", None)
    memory.set("id", None)
    assert (memory.get("id"), other.get("id")) == (None, "b")
