"""The command ``scale-mesos-executor``, which agents start."""

import logging
import os
import signal
import sys
import time
from types import FrameType

from scale_core.plugin.node import start_agent
from scale_engine_mesos.executor.executor import Executor
from scale_engine_mesos.executor.link import Link
from scale_engine_mesos.executor.place import TOKEN, NoAgent, Place

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MISUSED = 2


def main() -> None:
    """Run executions for the agent that started this process, until it says that it is over.

    Exit status 0: the agent said so; 1: it is gone; 2: no agent has started this.
    """
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    try:
        place = Place.of(os.environ)
    except NoAgent as error:
        print(error, file=sys.stderr)
        sys.exit(MISUSED)
    # What runs here, and its children, must not prove to the agent that they are this executor.
    os.environ.pop(TOKEN, None)
    signal.signal(signal.SIGTERM, _end)
    sys.exit(Executor(place, Link(place, time.monotonic), start_agent, time.monotonic).run())


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
