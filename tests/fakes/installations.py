"""An installation without a scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.databases import database_url, new_database
from scale_core.plugin.registry import load_registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary


@contextmanager
def installed(data_dir: Path) -> Iterator[Context]:
    """An installation in this folder, without a scheduler."""
    database = new_database(data_dir, alone=True)
    settings = Settings(data_dir=data_dir, database_url=database_url(data_dir))
    context = Context(database, load_registry(), SpecLibrary.packaged(), settings)
    prepare(context)
    yield context
    database.close()
