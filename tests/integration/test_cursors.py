"""Who follows the links of a list gets each row once, on either database, whatever comes or goes meanwhile."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from scale_core.db.bulk import table_of
from scale_core.db.models import JobExecution, Node, TriggerEvent
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.execution_reads import JobExecutionService
from scale_core.services.job_types import JobTypeService
from scale_core.services.listing import ListPage
from scale_core.services.queue import QueueService
from scale_core.services.serialization import SerializerContext
from scale_core.services.trigger_rules import TriggerRuleService
from scale_generated.queries import ListJobExecutionsQuery, ListTriggerEventsQuery

EVENTS = table_of(TriggerEvent)
EXECUTIONS = table_of(JobExecution)
TYPES = ("BELL", "GONG", "HORN")
"""None of them is of an event that an installation begins with."""
NUMBER = 23
NO_ENGINE: Any = None


@pytest.fixture
def events(context: Context) -> list[int]:
    """The ids of events of three types, two of which are always of the same moment."""
    now = context.now()
    with context.database.write() as session:
        for number in range(NUMBER):
            occurred = now + timedelta(seconds=number // 2)
            session.add(TriggerEvent(type=TYPES[number * 7 % 3], description={}, occurred=occurred))
        session.flush()
        return list(session.scalars(select(EVENTS.c.id).order_by(EVENTS.c.id)))


def pages(context: Context, urls: SerializerContext, query: ListTriggerEventsQuery) -> list[list[int]]:
    """The ids on each page from the first on."""
    found = [page(context, urls, query)]
    while (cursor := following(found[-1])) is not None:
        found.append(page(context, urls, replace(query, cursor=cursor)))
    return [[one["id"] for one in each.results] for each in found]


def page(context: Context, urls: SerializerContext, query: ListTriggerEventsQuery) -> ListPage[Any]:
    """One page of events."""
    return TriggerRuleService(context).list_events(query, urls)


def following(found: ListPage[Any]) -> str | None:
    """The cursor of the next page."""
    assert found.neighbours is not None
    return found.neighbours.next


@pytest.mark.parametrize("size", [1, 2, 5, 23, 24])
@pytest.mark.parametrize("direction", ["", "-"])
@pytest.mark.parametrize("field", ["id", "occurred", "type"])
def test_the_pages_together_are_the_list(
    context: Context, urls: SerializerContext, events: list[int], field: str, direction: str, size: int
) -> None:
    query = ListTriggerEventsQuery(order=(f"{direction}{field}",), page_size=size)
    whole = [one["id"] for one in page(context, urls, replace(query, page_size=1000)).results]
    assert sorted(whole) == events
    found = pages(context, urls, query)
    assert [one for each in found for one in each] == whole
    assert {len(each) for each in found[:-1]} <= {size}


def test_previous_leads_back_over_the_same_pages(context: Context, urls: SerializerContext, events: list[int]) -> None:
    query = ListTriggerEventsQuery(type=TYPES, order=("-occurred",), page_size=5)
    there = [page(context, urls, query)]
    while (cursor := following(there[-1])) is not None:
        there.append(page(context, urls, replace(query, cursor=cursor)))
    back = [there[-1]]
    while back[-1].neighbours is not None and back[-1].neighbours.previous is not None:
        back.append(page(context, urls, replace(query, cursor=back[-1].neighbours.previous)))
    assert [one.results for one in back] == [one.results for one in reversed(there)]
    assert [one.count for one in back] == [NUMBER] * 5
    numbered = page(context, urls, replace(query, page=3))
    assert numbered.results == there[2].results
    assert numbered.neighbours == there[2].neighbours


@pytest.mark.parametrize("order", ["id", "occurred", "type", "-type"])
def test_rows_that_come_and_go_shift_no_others(
    context: Context, urls: SerializerContext, events: list[int], order: str
) -> None:
    query = ListTriggerEventsQuery(order=(order,), page_size=7)
    whole = [one["id"] for one in page(context, urls, replace(query, page_size=1000)).results]
    first = page(context, urls, query)
    seen = [one["id"] for one in first.results]
    with context.database.write() as session:
        # The last of the page among them.
        session.execute(delete(EVENTS).where(EVENTS.c.id.in_([*seen[2:], whole[10]])))
        for kind in TYPES:
            session.add(TriggerEvent(type=kind, description={}, occurred=context.now() - timedelta(days=1)))
    rest = pages(context, urls, replace(query, cursor=following(first)))
    followed = [one for each in rest for one in each]
    assert len(followed) == len(set(followed))
    assert [one for one in followed if one in events] == [one for one in whole[7:] if one != whole[10]]


def test_a_group_that_is_gone_is_passed_over(context: Context, urls: SerializerContext, events: list[int]) -> None:
    query = ListTriggerEventsQuery(type=TYPES, order=("type",), page_size=10)
    first = page(context, urls, query)
    last = first.results[-1]["type"]
    assert last == "GONG"
    with context.database.write() as session:
        session.execute(update(EVENTS).where(EVENTS.c.type == last).values(type="AAA"))
    rest = pages(context, urls, replace(query, cursor=following(first)))
    with context.database.read() as session:
        users = session.scalars(select(EVENTS.c.id).where(EVENTS.c.type == "HORN").order_by(EVENTS.c.id)).all()
    assert [one for each in rest for one in each] == list(users)


@pytest.mark.parametrize("order", ["id", "-id", "occurred", "-occurred", "type", "-type"])
def test_from_where_nothing_is_left_the_way_back_misses_nothing(
    context: Context, urls: SerializerContext, events: list[int], order: str
) -> None:
    query = ListTriggerEventsQuery(type=TYPES, order=(order,), page_size=NUMBER - 1)
    first = page(context, urls, query)
    seen = [one["id"] for one in first.results]
    with context.database.write() as session:
        session.execute(delete(EVENTS).where(EVENTS.c.type.in_(TYPES), EVENTS.c.id.not_in(seen)))
    empty = page(context, urls, replace(query, cursor=following(first)))
    assert (empty.count, empty.results, following(empty)) == (NUMBER - 1, [], None)
    assert empty.neighbours is not None
    back = page(context, urls, replace(query, cursor=empty.neighbours.previous))
    assert [one["id"] for one in back.results] == seen


@pytest.mark.parametrize(
    "changed",
    [
        {"order": ("-occurred",)},
        {"order": ("type",)},
        {"type": ("HORN",)},
        {"started": "PT1H"},
        {"order": ("occurred", "id")},
        {"order": ("description",)},
    ],
    ids=str,
)
def test_a_cursor_of_another_order_or_filter_is_refused(
    context: Context, urls: SerializerContext, events: list[int], changed: dict[str, Any]
) -> None:
    query = ListTriggerEventsQuery(order=("occurred",), page_size=5)
    cursor = following(page(context, urls, query))
    with pytest.raises(Invalid) as refused:
        page(context, urls, replace(query, cursor=cursor, **changed))
    assert refused.value.problems[0].pointer in ("cursor", "order")


@pytest.fixture
def executions(context: Context, urls: SerializerContext) -> None:
    """Executions of which some are on one of two nodes, and some have started; of the others it is not known."""
    now = context.now()
    body: Any = {"name": "copy", "version": "1", "interface": {"command": "true", "command_arguments": ""}}
    job_type = JobTypeService(context).create(body, urls)["id"]
    for _ in range(12):
        QueueService(context).new_job({"job_type_id": job_type, "job_data": {}}, urls)
    with context.database.write() as session:
        for name in ("b", "a"):
            session.add(Node(hostname=name, port=0, slave_id=name, created=now, last_modified=now))
        session.flush()
        nodes = [None, *session.scalars(select(Node.id).order_by(Node.id))]
        for number, one in enumerate(session.scalars(select(EXECUTIONS.c.id)).all()):
            started = None if number % 2 else now - timedelta(seconds=number)
            changed = update(EXECUTIONS).where(EXECUTIONS.c.id == one)
            session.execute(changed.values(node_id=nodes[number % 3], started=started))


@pytest.mark.parametrize("order", ["node__id", "node__hostname", "-node__id", "-node__hostname"])
def test_what_is_not_there_is_passed_like_everything_else(
    context: Context, urls: SerializerContext, executions: None, order: str
) -> None:
    service = JobExecutionService(context, NO_ENGINE)
    query = ListJobExecutionsQuery(order=(order,), page_size=3)
    whole = service.list(replace(query, page_size=1000), urls).results
    found = [service.list(query, urls)]
    while (cursor := following(found[-1])) is not None:
        found.append(service.list(replace(query, cursor=cursor), urls))
    assert [one for each in found for one in each.results] == whole
    assert {one["node"] is None for one in whole} == {True, False}


@pytest.mark.parametrize("field", ["node__id", "node__hostname", "started"])
@pytest.mark.parametrize("started", [None, "PT1H"])
def test_what_is_not_there_comes_first_on_every_database_and_last_backwards(
    context: Context, urls: SerializerContext, executions: None, field: str, started: str | None
) -> None:
    service = JobExecutionService(context, NO_ENGINE)
    relation, _, name = field.rpartition("__")
    for direction, expected in (("", [True, False]), ("-", [False, True])):
        query = ListJobExecutionsQuery(order=(f"{direction}{field}",), started=started)
        results: list[Any] = service.list(query, urls).results
        rows = [one[relation] if relation else one for one in results]
        are_missing = [one is None or one[name] is None for one in rows]
        assert [key for key, _ in groupby(are_missing)] == expected
