"""A prepared installation, without a server or scheduler."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import scale_broker_host.plugin
import scale_errors_builtin.plugin
import scale_metrics_builtin.plugin
import scale_trigger_clock.plugin
import scale_trigger_ingest.plugin
import scale_trigger_parse.plugin
from fakes.databases import database_url, new_database
from fakes.docker_engine import docker_engine
from fakes.hanging_mount import hanging_mount
from fakes.nfs_server import nfs_server, own_nfs_server
from fakes.object_store import object_store
from fakes.world import SetClock
from scale_core.plugin.registry import Registry, load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.services.serialization import SerializerContext
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary

__all__ = ["docker_engine", "hanging_mount", "nfs_server", "object_store", "own_nfs_server"]

BUILT_IN = (
    scale_broker_host.plugin,
    scale_errors_builtin.plugin,
    scale_metrics_builtin.plugin,
    scale_trigger_clock.plugin,
    scale_trigger_ingest.plugin,
    scale_trigger_parse.plugin,
)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of loopback that accepts connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="session")
def built_in_registry() -> Registry:
    """What the built-in plugins register."""
    return load_registry(BUILT_IN, entry_points=False)


@pytest.fixture(scope="session")
def packaged_specs() -> SpecLibrary:
    """The specifications."""
    return SpecLibrary.packaged()


@pytest.fixture
def clock() -> SetClock:
    """The installation's clock; it stands still until it is moved."""
    return SetClock()


@pytest.fixture
def context(
    tmp_path: Path, built_in_registry: Registry, packaged_specs: SpecLibrary, clock: SetClock
) -> Iterator[Context]:
    """A new installation that has been prepared."""
    database = new_database(tmp_path)
    settings = Settings(data_dir=tmp_path, database_url=database_url(tmp_path))
    context = Context(database, built_in_registry, packaged_specs, settings, clock)
    prepare(context)
    yield context
    database.close()


@pytest.fixture
def urls() -> SerializerContext:
    """URLs as a client would write them."""
    return SerializerContext("http://scale.test")
