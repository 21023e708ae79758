"""What an execution needs: disk space in MiB, and custom resources."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from scale_core.interfaces.engine import CustomAmounts, custom_amounts

MIB: Final = 1024 * 1024


def disk_in_mib(sizes_bytes: Iterable[int]) -> float:
    """Space for the input files, rounded up to whole MiB."""
    return float(math.ceil(sum(sizes_bytes) / MIB))


def disk_out_mib(const_mib: float, mult: float, input_mib: float) -> float:
    """Space for the outputs: the job type's constant part, and its multiple of the input."""
    return const_mib + mult * input_mib


def custom_of(document: Mapping[str, Any] | None) -> CustomAmounts:
    """The amounts in a document ``custom-resources``; None: there are none."""
    return custom_amounts(document["resources"]) if document else ()
