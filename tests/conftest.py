"""What all tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import scale_core
from fakes.databases import database_server, forget_at_power_cuts, giving_back_new, on_postgres

CHECKOUT = Path(__file__).resolve().parent.parent

# Last: what is only in the checkout (`bench`) is found, and what is installed comes before it.
sys.path.append(str(CHECKOUT))

# However slow the machine. In tox the same examples every time: a failure there must be one that anybody can repeat.
UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("default", UNHURRIED)
hypothesis.settings.register_profile("ci", UNHURRIED, derandomize=True, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

forget_at_power_cuts()


def pytest_configure() -> None:
    """In tox the tests are of the wheel; the checkout must not come before it."""
    imported_from = Path(scale_core.__file__).parent
    if "TOX_ENV_NAME" in os.environ and imported_from.parent == CHECKOUT:
        raise pytest.UsageError(f"The tests should import the installed wheel, but they import {imported_from}.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about the other database is not asked; on PostgreSQL, neither is what is about none: it says the same."""
    others = ("sqlite", "any_database") if on_postgres() else ("postgresql",)
    left_out = [item for item in items if any(map(item.get_closest_marker, others))]
    items[:] = [item for item in items if not any(map(item.get_closest_marker, others))]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def _database_server() -> Iterator[None]:
    with database_server():
        yield


@pytest.fixture(autouse=True)
def _give_databases_back(_database_server: None) -> Iterator[None]:
    with giving_back_new():
        yield
