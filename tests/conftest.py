"""What all tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import scale_core
from fakes.databases import database_server, dropping_new, on_postgres

CHECKOUT = Path(__file__).resolve().parent.parent

# Last: what is only in the checkout (`bench`) is found, and what is installed comes before it.
sys.path.append(str(CHECKOUT))

# In tox the same examples every time, however slow the machine: a failure there must be one that anybody can repeat.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    """In tox the tests are of the wheel; the checkout must not come before it."""
    imported_from = Path(scale_core.__file__).parent
    if "TOX_ENV_NAME" in os.environ and imported_from.parent == CHECKOUT:
        raise pytest.UsageError(f"The tests should import the installed wheel, but they import {imported_from}.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about the other database is not asked."""
    other = "sqlite" if on_postgres() else "postgresql"
    left_out = [item for item in items if item.get_closest_marker(other)]
    items[:] = [item for item in items if not item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def _database_server() -> Iterator[None]:
    with database_server():
        yield


@pytest.fixture(autouse=True)
def _drop_databases(_database_server: None) -> Iterator[None]:
    with dropping_new():
        yield
