"""A line on standard error for what takes longer than two seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

QUIET_SECONDS = 2.0
EVERY_SECONDS = {True: 0.5, False: 10.0}
"""How often it is told: on a terminal, where a line replaces the one before, and elsewhere."""


class Step(Protocol):
    """Told how far it is."""

    def __call__(self, done: int, total: int) -> None:
        """``done`` of ``total``."""


def tell(what: str) -> None:
    """Tell people what is begun that takes a while and cannot say how far it is."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


@contextmanager
def progress(what: str) -> Iterator[Step]:
    """Tell people how far ``what`` is while the block runs, by the function that the block is given."""
    terminal = sys.stderr.isatty()
    began = time.monotonic()
    told = began + QUIET_SECONDS - EVERY_SECONDS[terminal]

    def step(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < EVERY_SECONDS[terminal]:
            return
        told = now
        line = f"{what}: {done:,} of {total:,} after {now - began:.0f} s"
        sys.stderr.write(f"\r\033[K{line}" if terminal else f"{line}\n")
        sys.stderr.flush()

    try:
        yield step
    finally:
        if terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
