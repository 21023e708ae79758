"""From starting ``scale up`` to its first answer."""

import shutil

from bench.databases import Installation
from bench.figures import Figure, Goal, Section
from bench.floors import import_libraries
from bench.options import Options
from bench.progress import progress
from bench.server import ScaleProcess

GOAL = Goal("median", "at most", 2.0, 2.0)


def measure(existing: Installation, options: Options) -> Section:
    """Seconds, with the data folder ``existing`` and with an empty one, in turn."""
    folder = options.work / "empty"
    on_existing, on_empty, floors = [], [], []
    with progress("starts") as step:
        for number in range(options.starts):
            floors.append(import_libraries())
            on_existing.append(_started(existing))
            empty = options.databases.installation(folder)
            on_empty.append(_started(empty))
            options.databases.forget(empty)
            shutil.rmtree(folder)
            step(number + 1, options.starts)
    folder.with_name("empty.log").unlink()
    return Section(
        "From start to first answer",
        [
            Figure("scale up, existing data folder", "s", on_existing, floors, GOAL),
            Figure("scale up, empty data folder", "s", on_empty, floors, GOAL),
        ],
        notes=["The existing data folder is that of the other scenarios. The floor imports what Scale stands on."],
    )


def _started(installation: Installation) -> float:
    with ScaleProcess(installation) as scale:
        return scale.seconds_to_answer
