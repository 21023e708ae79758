"""Items are found by place, time, collection and id as looking at each would find them, on either database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from fakes.catalog import NOON, Owners, a_file, clear_files, owners
from fakes.databases import new_database
from fakes.examples import examples
from fakes.world import SetClock
from scale_core.db import schema
from scale_core.db.database import Database
from scale_core.db.items import MOST_WAYS, ItemSearch, find_items
from scale_core.domain.searched_places import place_of_geometry
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, CollectionKind
from scale_core.domain.times import OpenRange
from scale_core.plugin.registry import Registry
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary


@dataclass(frozen=True)
class Installation:
    """One on a database, and who makes its files."""

    context: Context = field(repr=False)
    owners: Owners

    @property
    def collections(self) -> list[CollectionKey]:
        """All there are."""
        strikes = [CollectionKey(CollectionKind.STRIKE, one) for one in self.owners.strikes]
        scan = CollectionKey(CollectionKind.SCAN, self.owners.scan)
        return [*strikes, scan, *(CollectionKey(CollectionKind.JOB_TYPE, one) for one in self.owners.job_types)]


@pytest.fixture(scope="module")
def installations(
    tmp_path_factory: pytest.TempPathFactory, built_in_registry: Registry, packaged_specs: SpecLibrary
) -> Iterator[list[Installation]]:
    """One on the database that tests are run on, and one on SQLite if that is another."""
    folder = tmp_path_factory.mktemp("items")
    databases = [new_database(folder)]
    if not databases[0].is_sqlite:
        databases.append(Database(f"sqlite:///{folder / 'scale.db'}"))
        schema.upgrade(databases[1])
    contexts = [
        Context(one, built_in_registry, packaged_specs, Settings(data_dir=folder), SetClock()) for one in databases
    ]
    for one in contexts:
        prepare(one)
    yield [Installation(one, owners(one)) for one in contexts]
    for database in databases:
        database.close()


POINTS = st.tuples(st.sampled_from([-180.0, -90.0, 0.0, 0.1, 90.0, 180.0]), st.sampled_from([-45.0, 0.0, 45.0]))
ACROSS = shapely.MultiPolygon([shapely.box(170, -10, 180, 10), shapely.box(-180, -10, -170, 10)])
GEOMETRIES = st.one_of(
    st.builds(shapely.Point, POINTS),
    st.just(ACROSS),
    st.builds(lambda one, other: shapely.box(*one, *other), POINTS, POINTS).filter(lambda one: one.is_valid),
)
MOMENTS = st.sampled_from([NOON + timedelta(days=days) for days in (-1000, -1, 0, 1)])


@dataclass(frozen=True)
class Made:
    """A file, of what collection (by its place among them), and what became of it."""

    collection: int | None
    footprint: BaseGeometry | None
    started: datetime | None
    ended: datetime | None
    created: datetime
    is_there: bool

    def row(self, installation: Installation, number: int) -> Any:
        """As the database has it."""
        values: dict[str, Any] = {"created": self.created, "data_started": self.started, "data_ended": self.ended}
        key = None if self.collection is None else installation.collections[self.collection]
        if key is not None and key.kind is CollectionKind.JOB_TYPE:
            values |= {"job_type_id": key.owner_id, "is_published": self.is_there}
        else:
            owner = {} if key is None else {OWNER_COLUMNS[key.kind]: key.owner_id}
            values |= {**owner, "is_deleted": not self.is_there}
        geo_json = None if self.footprint is None else json.loads(shapely.to_geojson(self.footprint))
        return a_file(installation.context, number, geo_json, **values)


MADE = st.builds(
    Made, st.none() | st.integers(0, 4), st.none() | GEOMETRIES, st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS,
    st.sampled_from([True, True, True, False]),
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is looked for."""

    collections: frozenset[int] | None
    ids: tuple[int, ...] | None
    geometry: BaseGeometry | None
    started: datetime | None
    ended: datetime | None
    behind: int | None

    def search(self, installation: Installation) -> ItemSearch:
        """As it is asked for."""
        keys = None
        if self.collections is not None:
            keys = tuple(installation.collections[one] for one in sorted(self.collections))
        place = None if self.geometry is None else place_of_geometry(shapely.to_geojson(self.geometry))
        span = None if self.started is None and self.ended is None else OpenRange(self.started, self.ended)
        return ItemSearch(keys, self.ids, place, span)

    def has(self, number: int, made: Made) -> bool:
        """Whether a file is found."""
        times = [one for one in (made.started, made.ended) if one is not None] or [made.created]
        return (
            made.is_there
            and made.collection is not None
            and (self.collections is None or made.collection in self.collections)
            and (self.ids is None or number in self.ids)
            and (self.behind is None or number < self.behind)
            and (self.geometry is None or (made.footprint is not None and self.geometry.intersects(made.footprint)))
            and (self.started is None or max(times) >= self.started)
            and (self.ended is None or min(times) <= self.ended)
        )


WANTED = st.builds(
    Wanted,
    st.none() | st.frozensets(st.integers(0, 4)),
    st.none() | st.lists(st.integers(1, 9), max_size=4).map(tuple),
    st.none() | GEOMETRIES,
    st.none() | MOMENTS,
    st.none() | MOMENTS,
    st.none() | st.integers(1, 9),
).filter(lambda one: one.started is None or one.ended is None or one.started <= one.ended)


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MADE, min_size=1, max_size=8), st.lists(WANTED, min_size=1, max_size=4), st.sampled_from([1, 2, 100]))
def test_a_search_finds_what_looking_at_each_item_finds(
    installations: list[Installation], made: list[Made], wanted: list[Wanted], at_once: int
) -> None:
    for installation in installations:
        context = installation.context
        clear_files(context)
        with context.database.write() as session:
            session.add_all(one.row(installation, number) for number, one in enumerate(made, 1))
        for one in wanted:
            right = [number for number, each in reversed([*enumerate(made, 1)]) if one.has(number, each)]
            with context.database.read() as session:
                for limit in (1, 3, 100):
                    found = find_items(session, one.search(installation), one.behind, limit, at_once)
                    assert found == right[:limit], context.database.url.get_backend_name()


@pytest.mark.parametrize("number", [2, MOST_WAYS + 1])
def test_items_of_many_collections_are_found_in_their_order(context: Context, number: int) -> None:
    who = owners(context)
    with context.database.write() as session:
        for id_ in range(1, 9):
            owner: dict[str, Any] = (
                {"strike_id": who.strikes[id_ % 2]} if id_ % 4 < 2 else {"job_type_id": who.job_types[id_ % 2]}
            )
            session.add(a_file(context, id_, **owner))
    keys = [
        CollectionKey(CollectionKind.STRIKE, who.strikes[0]),
        CollectionKey(CollectionKind.JOB_TYPE, who.job_types[1]),
    ]
    keys += [CollectionKey(CollectionKind.STRIKE, 1000 + one) for one in range(number - len(keys))]
    with context.database.read() as session:
        assert find_items(session, ItemSearch(tuple(keys)), None, 100) == [8, 7, 4, 3]
        assert find_items(session, ItemSearch(tuple(keys)), 7, 1) == [4]
