"""Pages and counts are those that looking at every row would give, however they were found."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from fakes.examples import UNHURRIED, examples
from scale_core.db import cuts, ways
from scale_core.db.base import Base
from scale_core.db.conditions import Comparison, Condition, equal, one_of, since, until
from scale_core.db.keyset import Place, backwards
from scale_core.db.listing import Order, Page, Shape
from scale_core.db.models import JobExecution, JobType, Node

pytestmark = pytest.mark.sqlite

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MOMENTS = [NOW - timedelta(hours=hours) for hours in range(4)]
STATUSES = ["QUEUED", "FAILED", "COMPLETED"]
COLUMNS = ("id", "status", "job_type.id", "job_type.name", "node.id", "node.hostname", "last_modified", "priority")
SHAPE = Shape(JobExecution, COLUMNS)
ROWS = 80

CONDITIONS = st.lists(
    st.one_of(
        st.sampled_from(STATUSES).map(lambda status: equal("status", status)),
        st.sets(st.sampled_from(STATUSES)).map(lambda some: one_of("status", some)),
        st.sets(st.integers(1, 5)).map(lambda some: one_of("job_type.id", some)),
        st.sets(st.sampled_from(["a", "b", "z"])).map(lambda some: one_of("job_type.name", some)),
        st.sets(st.integers(1, 3)).map(lambda some: one_of("node.id", some)),
        st.sets(st.integers(0, ROWS)).map(lambda some: one_of("id", some)),
        st.sampled_from(MOMENTS).map(lambda moment: since("last_modified", moment)),
        st.sampled_from(MOMENTS).map(lambda moment: until("last_modified", moment)),
    ),
    max_size=3,
)
ORDERS = st.lists(st.builds(Order, st.sampled_from(COLUMNS), st.booleans()), max_size=2)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Executions of four job types, two of one name, on two nodes or none."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    draw = random.Random(7)  # noqa: S311
    times: Any = {"created": NOW, "last_modified": NOW}
    resources: Any = dict.fromkeys(("cpus_required", "mem_required"), 1.0)
    resources |= dict.fromkeys(("disk_out_const_required", "disk_out_mult_required"), 0.0)
    limits: Any = {"priority": 1, "timeout": 1, "max_tries": 1, "interface": {}, "error_mapping": {}}
    documents: Any = {"environment": {}, "results": {}, "results_manifest": {}}
    with Session(engine) as session:
        for number, name in enumerate("baca", 1):
            session.add(JobType(id=number, name=name, version=str(number), **times, **resources, **limits))
        session.add_all(Node(id=number, hostname="n", port=0, slave_id=str(number), **times) for number in (1, 2))
        for number in range(1, ROWS + 1):
            session.add(
                JobExecution(
                    id=number,
                    job_id=number,
                    job_type_id=draw.randint(1, 4),
                    status=draw.choice(STATUSES),
                    node_id=draw.choice([1, 2, None]),
                    priority=draw.randint(1, 3),
                    timeout=1,
                    queued=NOW,
                    created=NOW,
                    last_modified=draw.choice(MOMENTS),
                    **documents,
                )
            )
        session.commit()
    yield engine
    engine.dispose()


def fulfils(row: dict[str, Any], condition: Condition) -> bool:
    """Whether a row fulfils a condition, as Python sees it."""
    value = row[condition.path]
    if condition.path == "last_modified":
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    if condition.comparison is Comparison.EQUAL:
        return bool(value == condition.value)
    if condition.comparison is Comparison.ONE_OF:
        return value is not None and value in condition.value
    if condition.comparison is Comparison.SINCE:
        return bool(value >= condition.value)
    return bool(value <= condition.value)


def in_order(rows: list[dict[str, Any]], order: list[Order]) -> list[dict[str, Any]]:
    """The rows in an order, as Python sees it; SQLite has what is not there first."""
    complete = [*order, Order("id", bool(order) and order[-1].descending)]
    for one in reversed(complete):
        rows = sorted(
            rows,
            key=lambda row: (row[one.path] is not None, row[one.path] if row[one.path] is not None else 0),
            reverse=one.descending,
        )
    return rows


@given(conditions=CONDITIONS, order=ORDERS, size=st.integers(1, 30), most=st.sampled_from([1, 4, 64]))
@settings(max_examples=examples(40), suppress_health_check=UNHURRIED, deadline=None)
def test_pages_and_counts_are_exact(
    engine: Engine, conditions: list[Condition], order: list[Order], size: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Session(engine) as session:
        for module in (cuts, ways):
            patch.setattr(module, "MOST_WAYS", most)
        cuts._any_slice.cache_clear()
        everything = [dict(zip(COLUMNS, row, strict=True)) for row in SHAPE.rows(session)]
        assert len(everything) == ROWS
        matching = [row for row in everything if all(fulfils(row, one) for one in conditions)]
        expected = [tuple(row.values()) for row in in_order(matching, order)]
        assert SHAPE.count(session, conditions) == len(expected)
        assert SHAPE.ids(session, conditions) == sorted(row[0] for row in expected)
        for number in range(1, len(expected) // size + 3):
            count, rows = SHAPE.page(session, conditions, order, Page(number, size))
            assert (count, rows) == (len(expected), expected[(number - 1) * size : number * size])


def walked(session: Session, conditions: list[Condition], order: list[Order], size: int) -> list[list[Any]]:
    """The pages from the first to the last, each found behind the last row of the one before."""
    path = order[0].path if order else "id"
    count, rows = SHAPE.page(session, conditions, order, Page(1, size))
    pages: list[list[Any]] = [rows] if rows else []
    while rows:
        beside = SHAPE.beside(session, conditions, order, place_of(rows[-1], path), size)
        assert beside.count == count
        assert beside.is_last or len(beside.rows) == size
        pages += [beside.rows] if beside.rows else []
        rows = [] if beside.is_last else beside.rows
    return pages


def place_of(row: Any, path: str) -> Place:
    """The place of a row, as services find it in what a client sends back."""
    place = SHAPE.place(row, path)
    is_moment = SHAPE.type_of(path) is datetime and isinstance(place.key, str)
    return Place(datetime.fromisoformat(place.key).replace(tzinfo=UTC), place.row_id) if is_moment else place


@given(conditions=CONDITIONS, order=ORDERS, size=st.integers(1, 30), most=st.sampled_from([1, 4, 64]))
@settings(max_examples=examples(40), suppress_health_check=UNHURRIED, deadline=None)
def test_pages_behind_one_another_have_each_row_once(
    engine: Engine, conditions: list[Condition], order: list[Order], size: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, Session(engine) as session:
        for module in (cuts, ways):
            patch.setattr(module, "MOST_WAYS", most)
        cuts._any_slice.cache_clear()
        everything = [dict(zip(COLUMNS, row, strict=True)) for row in SHAPE.rows(session)]
        matching = [row for row in everything if all(fulfils(row, one) for one in conditions)]
        expected = [tuple(row.values()) for row in in_order(matching, order[:1])]
        pages = walked(session, conditions, order[:1], size)
        assert [row for page in pages for row in page] == expected
        back = walked(session, conditions, backwards(order[:1] or [Order("id")]), size)
        assert [row for page in back for row in page] == expected[::-1]


def test_a_tally_is_used_where_it_knows_all_that_is_asked(engine: Engine) -> None:
    with Session(engine) as session:
        counted = SHAPE.count(session, [equal("status", "FAILED"), one_of("job_type.name", ["a"])])
        session.execute(Base.metadata.tables["job_exe_tally"].update().values(number=1000))
        failed = len(
            session.execute(
                select(JobExecution.job_type_id)
                .where(JobExecution.status == "FAILED", JobExecution.job_type_id.in_([2, 4]))
                .distinct()
            ).all()
        )
        assert counted < 1000 * failed
        assert SHAPE.count(session, [equal("status", "FAILED"), one_of("job_type.name", ["a"])]) == 1000 * failed
        assert SHAPE.count(session, [equal("priority", 4)]) == 0
        session.rollback()
