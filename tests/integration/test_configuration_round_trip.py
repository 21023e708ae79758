"""An exported configuration is the same bytes wherever it is imported, and changes nothing where it came from."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, select

from fakes import documents
from fakes.configurations import configurations
from fakes.databases import database_url, new_database
from fakes.examples import examples
from fakes.world import SetClock
from scale_core.db.models import Error, JobType, JobTypeRevision, RecipeType, RecipeTypeRevision, TriggerRule, Workspace
from scale_core.plugin.registry import Registry
from scale_core.services.configuration import ConfigurationService
from scale_core.services.configuration_export import as_file
from scale_core.services.context import Context
from scale_core.services.errors import ErrorService
from scale_core.services.installation import prepare
from scale_core.services.serialization import SerializerContext
from scale_core.services.workspaces import WorkspaceService
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary, loads
from scale_generated.queries import ExportConfigurationQuery

if TYPE_CHECKING:
    from scale_core.db.base import Base

TABLES = (RecipeTypeRevision, RecipeType, JobTypeRevision, JobType, TriggerRule, Error)


class System:
    """An installation with a workspace ``products`` that can be emptied."""

    def __init__(self, folder: Path, registry: Registry, specs: SpecLibrary) -> None:
        folder.mkdir()
        self.clock = SetClock()
        database = new_database(folder)
        settings = Settings(data_dir=folder, database_url=database_url(folder))
        self.context = Context(database, registry, specs, settings, self.clock)
        self.service = ConfigurationService(self.context)
        prepare(self.context)
        body: Any = documents.workspace("products", folder / "products")
        WorkspaceService(self.context).create(body, SerializerContext("http://scale.test"))

    def empty(self) -> None:
        """Take everything away that an import may make."""
        mine: dict[type[Base], Any] = {JobType: ~JobType.is_system, Error: ~Error.is_builtin}
        system = select(JobType.id).where(JobType.is_system)
        mine[JobTypeRevision] = JobTypeRevision.job_type_id.not_in(system)
        mine[TriggerRule] = TriggerRule.type != "CLOCK"
        with self.context.database.write() as session:
            for table in TABLES:
                session.execute(delete(table).where(mine[table]) if table in mine else delete(table))

    def export(self) -> str:
        """All there is."""
        return as_file(self.service.export(ExportConfigurationQuery()))

    def load(self, text: str) -> set[str]:
        """Import a file; the kinds of warnings."""
        return {warning["id"] for warning in self.service.load(loads(text), "")["warnings"]}

    def rows(self) -> list[Any]:
        """Every value of everything that an import may change."""
        with self.context.database.read() as session:
            return [session.execute(select(each.__table__).order_by(each.id)).all() for each in TABLES]


@pytest.fixture(scope="module")
def systems(
    tmp_path_factory: pytest.TempPathFactory, built_in_registry: Registry, packaged_specs: SpecLibrary
) -> Iterator[tuple[System, System]]:
    """Two installations."""
    folder = tmp_path_factory.mktemp("round-trip")
    both = (
        System(folder / "one", built_in_registry, packaged_specs),
        System(folder / "other", built_in_registry, packaged_specs),
    )
    yield both
    for one in both:
        one.context.database.close()


@given(document=configurations("products"))
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_export_is_the_same_elsewhere_and_changes_nothing_at_home(
    systems: tuple[System, System], document: dict[str, Any]
) -> None:
    home, elsewhere = systems
    for one in systems:
        one.empty()
    home.service.load(document, "")
    exported = home.export()
    before = home.rows()
    home.clock.forward(hours=1)
    told = home.load(exported)
    assert home.rows() == before
    assert told <= {"media_type", "unused_input", "no_output_dir"}
    assert elsewhere.load(exported) == told
    assert elsewhere.export() == exported
    assert home.context.specs.problems("configuration", loads(exported)) == []


def test_an_export_does_not_depend_on_the_order_in_which_keys_and_records_came(systems: tuple[System, System]) -> None:
    home, elsewhere = systems
    for one in systems:
        one.empty()
    types = [documents.job_type("b"), documents.job_type("a"), documents.job_type("B")]
    home.service.load({"job_types": types}, "")
    turned = [{**one, "interface": dict(reversed(one["interface"].items()))} for one in reversed(types)]
    elsewhere.service.load({"job_types": turned}, "")
    assert elsewhere.export() == home.export()
    before = home.rows()
    home.clock.forward(hours=1)
    home.service.load({"job_types": turned}, "")
    assert home.rows() == before


def test_what_has_become_wrong_since_is_told_and_does_not_keep_an_export_from_home(
    systems: tuple[System, System],
) -> None:
    home = systems[0]
    home.empty()
    home.service.load({"job_types": [documents.job_type(trigger_rule=documents.ingest_rule("products"))]}, "")
    exported, before = home.export(), home.rows()
    try:
        with home.context.database.write() as session:
            session.query(Workspace).update({"is_active": False})
        assert home.load(exported) == {"standing_problem"}
        assert home.rows() == before
    finally:
        with home.context.database.write() as session:
            session.query(Workspace).update({"is_active": True})


def test_an_error_of_the_system_and_one_that_is_builtin_go_round_too(systems: tuple[System, System]) -> None:
    home, elsewhere = systems
    for one in systems:
        one.empty()
    urls = SerializerContext("http://scale.test")
    error = ErrorService(home.context).create({"name": "mine", "category": "DATA"}, urls)
    ErrorService(home.context).edit(error["id"], {"category": "SYSTEM"}, urls)
    assert elsewhere.load(home.export()) == set()
    assert elsewhere.export() == home.export()
    with home.context.database.read() as session:
        builtin = session.scalars(select(Error).where(Error.is_builtin)).first()
        assert builtin is not None
        record = {name: getattr(builtin, name) for name in ("name", "title", "description", "category")}
    before = home.rows()
    assert home.service.load({"errors": [record]}, "") == {"warnings": []}
    assert home.rows() == before
