"""What a test needs of the machine it runs on."""

import os
from typing import NoReturn

import pytest


def missing(message: str) -> NoReturn:
    """Skip the test, for what the machine does not have; in CI, where nothing may be missing, fail it."""
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
