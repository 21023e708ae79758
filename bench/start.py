"""From starting ``scale up`` to its first answer."""

import shutil
from pathlib import Path

from bench.figures import Figure, Goal, Section
from bench.floors import import_libraries
from bench.options import Options
from bench.progress import progress
from bench.server import ScaleProcess

GOAL = Goal("median", "at most", 2.0, 2.0)


def measure(existing: Path, options: Options) -> Section:
    """Seconds, with the data folder ``existing`` and with an empty one, in turn."""
    empty = options.work / "empty"
    on_existing, on_empty, floors = [], [], []
    with progress("starts") as step:
        for number in range(options.starts):
            floors.append(import_libraries())
            on_existing.append(_started(existing))
            on_empty.append(_started(empty))
            shutil.rmtree(empty)
            step(number + 1, options.starts)
    empty.with_name("empty.log").unlink()
    return Section(
        "From start to first answer",
        [
            Figure("scale up, existing data folder", "s", on_existing, floors, GOAL),
            Figure("scale up, empty data folder", "s", on_empty, floors, GOAL),
        ],
        notes=["The existing data folder is that of the other scenarios. The floor imports what Scale stands on."],
    )


def _started(data_dir: Path) -> float:
    with ScaleProcess(data_dir) as scale:
        return scale.seconds_to_answer
