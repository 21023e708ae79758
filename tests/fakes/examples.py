"""How many examples are made of what a test is about."""

import os
from typing import Final

from hypothesis import HealthCheck

UNHURRIED: Final = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
"""What examples are not refused for: a machine that is slow, and a fixture that is the same for all of them."""


def examples(number: int) -> int:
    """So many, unless ``SCALE_TEST_EXAMPLES`` says how many."""
    return int(os.environ.get("SCALE_TEST_EXAMPLES", number))
