"""Disk space that an execution needs, in MiB."""

import math
from collections.abc import Iterable
from typing import Final

MIB: Final = 1024 * 1024


def disk_in_mib(sizes_bytes: Iterable[int]) -> float:
    """Space for the input files, rounded up to whole MiB."""
    return float(math.ceil(sum(sizes_bytes) / MIB))


def disk_out_mib(const_mib: float, mult: float, input_mib: float) -> float:
    """Space for the outputs: the job type's constant part, and its multiple of the input."""
    return const_mib + mult * input_mib
