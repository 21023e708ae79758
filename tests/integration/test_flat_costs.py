"""No operation reads all that was ever done, or sorts it: what SQLite says that it will do for each of its queries."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select

from fakes.catalog import a_file, derive
from scale_core.api.document import document_bytes
from scale_core.db.items import find_items
from scale_core.db.keyset import Place
from scale_core.db.models import (
    Job,
    JobExecution,
    JobInputFile,
    MetricProgress,
    Node,
    RecipeJob,
    RecipeType,
    Scan,
    Strike,
    Workspace,
)
from scale_core.domain.placement import Placement
from scale_core.interfaces.broker import ListedFile
from scale_core.interfaces.engine import EngineSettings, ExecutionReport
from scale_core.services.audit import AuditService
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.configuration import ConfigurationService
from scale_core.services.context import Context
from scale_core.services.cursors import Cursor
from scale_core.services.daily_metric_reads import MetricService
from scale_core.services.daily_metrics import DailyMetrics
from scale_core.services.dry_runs import DryRunService
from scale_core.services.endings import EndingService, failure_report
from scale_core.services.exceptions import Invalid
from scale_core.services.execution_reads import JobExecutionService
from scale_core.services.executions import ExecutionService
from scale_core.services.file_reads import FileService
from scale_core.services.ingest_jobs import Seer
from scale_core.services.ingests import IngestService
from scale_core.services.installation import prepare
from scale_core.services.job_load import JobLoadService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.lacking import of_workspaces, seers
from scale_core.services.lineages import LineageService
from scale_core.services.moves import asked_moves
from scale_core.services.node_admin import NodeAdmin, SchedulerAdmin
from scale_core.services.node_clocks import NodeClockService
from scale_core.services.node_ingests import NodeIngestService, fail_ingests_of
from scale_core.services.node_strikes import NodeStrikeService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_reads import RecipeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.refusals import unrecorded_refusals
from scale_core.services.retention import RetentionService
from scale_core.services.retention_preview import RetentionPreviewService
from scale_core.services.scan_progress import Seen
from scale_core.services.scan_runs import ScanRunService
from scale_core.services.scans import ScanService
from scale_core.services.serialization import SerializerContext
from scale_core.services.stac import StacService
from scale_core.services.stac_links import StacUrls
from scale_core.services.stac_search import search_asked
from scale_core.services.strikes import StrikeService
from scale_core.services.system_failures import SystemFailureService
from scale_core.services.transfers import TransferService
from scale_core.services.trigger_rules import TriggerRuleService
from scale_core.services.updates import UpdateService
from scale_core.services.watched_files import WatchedFileService
from scale_core.services.workspaces import WorkspaceService
from scale_core.testing.runs import make_plan
from scale_core.watching.messages import Asks, Question
from scale_core.watching.records import Arrival, Refusal
from scale_engine_local.engine import LocalEngine
from scale_generated import queries
from scale_generated.routes import OPERATIONS
from scale_generated.specs.retention import Retention

pytestmark = pytest.mark.sqlite

GROWING = (
    r"(?:job|job_exe|job_load|metric_entry|scale_file|ingest|recipe|trigger_event|recipe_job|file_ancestry"
    r"|job_input_file|audit_record|watched_file)(?:_\d+)?"
)
SCAN = re.compile(rf"SCAN {GROWING}\b")
SEARCH = re.compile(rf"SEARCH {GROWING} ")
ALL_PLACES = re.compile(r"SCAN file_extent VIRTUAL TABLE INDEX 2:$")
"""The whole tree: what bounds a search of it comes after the colon."""
SPAN = r"[<>]\?"
"""What finds those in a span of time, which are few, too."""
FEW_BUT_SPANS = (
    # What these find are few, however much was done: one row by its id; those of one job, file, file name or recipe;
    # those that wait or run; files on the move. Behind a file name, only those of each name are sorted.
    r"\(rowid=\?\)|\(job_id=\?|\(recipe_id=\?|\(file_name[=<>]\?|\(source_file_id=\?|ix_job_exe_(?:queue|waiting)"
    r"|ix_job_status \(status=\?\)|ix_scale_file_moving|ix_ingest_open"
)
FEW = re.compile(f"{FEW_BUT_SPANS}|{SPAN}")

LISTS: dict[str, tuple[type[Any], Callable[[Context], Any]]] = {
    "jobs": (queries.ListJobsQuery, lambda context: JobService(context).list),
    "executions": (queries.ListJobExecutionsQuery, lambda context: JobExecutionService(context, NO_ENGINE).list),
    "files": (queries.ListFilesQuery, lambda context: FileService(context).list_files),
    "sources": (queries.ListSourcesQuery, lambda context: FileService(context).list_sources),
    "products": (queries.ListProductsQuery, lambda context: FileService(context).list_products),
    "job updates": (queries.ListJobUpdatesQuery, lambda context: UpdateService(context).jobs),
    "jobs with execution": (
        queries.ListJobsWithExecutionQuery,
        lambda context: UpdateService(context).jobs_with_execution,
    ),
    "source updates": (queries.ListSourceUpdatesQuery, lambda context: UpdateService(context).sources),
    "product updates": (queries.ListProductUpdatesQuery, lambda context: UpdateService(context).products),
    "recipes": (queries.ListRecipesQuery, lambda context: RecipeService(context).list),
    "ingests": (queries.ListIngestsQuery, lambda context: IngestService(context).list),
    "audit": (queries.ListAuditRecordsQuery, lambda context: AuditService(context).list),
    "events": (queries.ListTriggerEventsQuery, lambda context: TriggerRuleService(context).list_events),
}
NO_ENGINE: Any = None
DOCUMENT: Any = json.loads(document_bytes())
FLAT = {
    name: DOCUMENT["paths"][operation.path]["get"]["x-scale-flat-orders"]
    for operation in OPERATIONS
    for name, (query, _service) in LISTS.items()
    if operation.query is query
}
"""The orders of each list that the document says to cost the same however long the list is."""

BY_TIME: list[dict[str, Any]] = [
    {},
    *({"order": (order,)} for order in ("id", "-id", "last_modified", "-last_modified")),
]
SPANS: list[dict[str, Any]] = [{"started": "PT1H"}, {"started": "PT2H", "ended": "PT1H", "order": ("-last_modified",)}]
TYPES: list[dict[str, Any]] = [
    {"job_type_id": (4,)},
    {"job_type_id": (4, 5)},
    {"job_type_name": ("copy",)},
    {"job_type_category": ("x", "y")},
    {"job_type_id": (4, 5), "order": ("-last_modified",)},
    {"job_type_id": (4,), "started": "PT1H"},
]
STATUSES: list[dict[str, Any]] = [
    *({"status": status} for status in ("QUEUED", "RUNNING", "FAILED", "CANCELED")),
    {"status": "FAILED", "order": ("-last_modified",)},
    {"status": "CANCELED", "job_type_id": (4, 5)},
    {"status": "FAILED", "started": "PT1H"},
]
ORDERS: list[dict[str, Any]] = [{"order": (order,)} for order in ("-created", "status", "job_type__name")]
WORKSPACES: list[dict[str, Any]] = [
    {"workspace_name": ("raw",)},
    {"workspace_name": ("raw",), "order": ("-last_modified",)},
]
SEARCHES: list[dict[str, Any]] = [
    {"bbox": "170,-10,-170,10"},
    {"geometry": "POLYGON ((0 0, 9 0, 9 9, 0 0))", "order": ("-last_modified",)},
    {"data_started": "P2D", "data_ended": "P1D"},
    {"data_ended": "P1D", "order": ("-created",)},
    {"bbox": "0,0,1,1", "geometry": "POINT (1 1)", "data_started": "P1D", "page": 2},
    {"bbox": "0,0,1,1", "file_name": "x", "started": "PT1H"},
    {"countries": ("DEU", "FRA")},
    {"countries": ("DEU",), "bbox": "0,0,1,1", "order": ("-last_modified",)},
]
SOURCES: list[dict[str, Any]] = [
    *BY_TIME,
    *SPANS,
    {"file_name": "x"},
    {"is_parsed": True},
    {"is_parsed": False},
    {"is_parsed": False, "order": ("-last_modified",)},
    {"is_parsed": False, "file_name": "x"},
]
PRODUCTS: list[dict[str, Any]] = [
    *BY_TIME,
    *SPANS,
    *TYPES,
    {"file_name": "x"},
    {"is_operational": True},
    {"is_operational": False},
    {"file_name": "x", "is_operational": True},
]
LISTED: dict[str, list[dict[str, Any]]] = {
    "jobs": [*BY_TIME, *SPANS, *TYPES, *STATUSES, *ORDERS, {"job_id": (1, 2), "status": "FAILED"}],
    "executions": [
        *BY_TIME,
        *SPANS,
        *TYPES,
        *STATUSES,
        *ORDERS[:2],
        {"node_id": (1,)},
        {"node_id": (1, 2)},
        {"node_id": (1,), "order": ("-last_modified",)},
    ],
    "files": [*BY_TIME, *SPANS, *SEARCHES, {"file_name": "x"}, *WORKSPACES, WORKSPACES[0] | SEARCHES[0]],
    "sources": [*SOURCES, *SEARCHES, {"is_parsed": True} | SEARCHES[0]],
    "source updates": SOURCES,
    "products": [*PRODUCTS, *SEARCHES, TYPES[1] | SEARCHES[0]],
    "product updates": PRODUCTS,
    "job updates": [*BY_TIME, *SPANS, *TYPES, *STATUSES, *ORDERS],
    "jobs with execution": [*BY_TIME, *SPANS, *TYPES, *STATUSES, *ORDERS],
    "recipes": [
        *BY_TIME,
        *SPANS,
        {"type_id": (1,)},
        {"type_name": ("twice", "other")},
        {"type_id": (1,), "order": ("-last_modified",)},
    ],
    "ingests": [
        *BY_TIME,
        *SPANS,
        *({"status": one} for one in ("TRANSFERRING", "ERRORED", "DEFERRED", "DUPLICATE")),
        {"status": "ERRORED", "order": ("-last_modified",)},
        *({"scan_id": 1, "order": (one,)} for one in ("id", "-created", "-last_modified", "status", "file_name")),
        {"scan_id": 1, "started": "PT1H"},
        {"scan_id": 1, "status": "ERRORED"},
        {"scan_id": 1, "status": "INGESTED", "order": ("-last_modified",)},
        *SEARCHES[:5],
        {"status": "INGESTED"} | SEARCHES[0],
        {"scan_id": 1} | SEARCHES[6],
    ],
    "audit": [
        {},
        {"user": ("ada",)},
        {"operation": ("edit_job", "edit_node")},
        {"user": ("ada", "bob"), "operation": ("edit_job",)},
        {"started": "PT1H"},
        {"user": ("ada",), "operation": ("edit_job",), "started": "PT2H", "ended": "PT1H"},
        {"order": ("id",)},
        {"object_type": "job_type"},
        {"object_type": "job_type", "object_id": 3},
        {"object_type": "job_type", "user": ("ada", "bob")},
    ],
    "events": [{}, {"type": ("USER",)}, {"type": ("USER", "PARSE")}, {"started": "PT1H"}, {"order": ("-occurred",)}],
}


class Plans:
    """Collects what the database will do for each query that it gets."""

    def __init__(self, context: Context) -> None:
        self.explained: dict[str, list[Any]] = {}
        event.listen(context.database.engine, "before_cursor_execute", self._explain)

    def _explain(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not isinstance(parameters, list):
            explain = f"EXPLAIN QUERY PLAN {statement}"
            raw = connection.connection.dbapi_connection
            self.explained[statement] = raw.execute(explain, parameters).fetchall()

    def dear(self, few: re.Pattern[str] = FEW) -> list[str]:
        """The queries whose cost grows with what was ever done, and why.

        :param few: what finds few rows.
        """
        assert self.explained
        return [
            f"{why}: {statement}"
            for statement, plan in self.explained.items()
            if (why := _growing(statement, plan, few))
        ]


def _growing(statement: str, plan: list[Any], few: re.Pattern[str]) -> str | None:
    steps: dict[int, list[str]] = defaultdict(list)
    for _id, parent, _unused, step in plan:
        steps[parent].append(step)
    # Walking along an order ends early where most rows are wanted; not where those of a span of time are.
    ends_early = "LIMIT" in statement and ">= ?" not in statement and "<= ?" not in statement
    for together in steps.values():
        sorts = any("TEMP B-TREE" in step for step in together)
        for step in together:
            if ALL_PLACES.search(step):
                return step
            if SCAN.match(step) and not few.search(step) and (sorts or not ends_early):
                return step
            if SEARCH.match(step) and sorts and not few.search(step):
                return f"{step}, sorted"
    return None


@pytest.fixture
def made(context: Context, urls: SerializerContext) -> dict[str, int]:
    """A workspace, a job type, a recipe type, a node, and jobs that failed, run and wait."""
    types = JobTypeService(context)
    interface = {"command": "true", "command_arguments": ""}
    body: Any = {"name": "copy", "version": "1", "category": "x", "interface": interface, "max_tries": 1}
    job_type = types.create(body, urls)["id"]
    other = types.create(body | {"name": "other", "category": "y"}, urls)["id"]
    places = [
        {"name": name, "job_type": {"name": "copy", "version": "1"}, "recipe_inputs": [], "dependencies": behind}
        for name, behind in (("one", []), ("two", [{"name": "one"}]))
    ]
    definition = {"version": "1.0", "input_data": [], "jobs": places}
    chain: Any = {"name": "twice", "version": "1", "definition": definition}
    recipe_type = RecipeTypeService(context).create(chain, urls)["id"]
    now = context.now()
    with context.database.write() as session:
        node = Node(slave_id="n", hostname="h", port=0, is_connected=True, created=now, last_modified=now)
        scan = Scan(name="s", configuration={}, created=now, last_modified=now)
        session.add_all([node, scan])
    queue = QueueService(context)
    jobs = [queue.new_job({"job_type_id": one, "job_data": {}}, urls)["id"] for one in (job_type, other)]
    recipe = queue.new_recipe({"recipe_type_id": recipe_type, "recipe_data": {}}, urls)["id"]
    made = {"job type": job_type, "recipe type": recipe_type, "node": node.id, "job": jobs[0], "recipe": recipe}
    return {**made, "scan": scan.id}


@pytest.fixture
def plans(context: Context, made: dict[str, int]) -> Iterator[Plans]:
    """The plans of the queries from now on."""
    plans = Plans(context)
    yield plans
    assert plans.dear() == []


@pytest.mark.parametrize("name", LISTS)
def test_the_first_pages_of_a_list(context: Context, urls: SerializerContext, plans: Plans, name: str) -> None:
    query, service = LISTS[name]
    for parameters in LISTED[name]:
        service(context)(query(**parameters), urls)


@pytest.mark.parametrize("name", FLAT)
def test_the_orders_that_are_said_to_be_flat(
    context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans, name: str
) -> None:
    query, service = LISTS[name]
    for order in FLAT[name]:
        for direction in ("", "-"):
            service(context)(query(order=(f"{direction}{order}",), page=1, page_size=1), urls)


@pytest.mark.parametrize("name", FLAT)
def test_pages_by_cursors(
    context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans, name: str
) -> None:
    query, service = LISTS[name]
    for order in FLAT[name]:
        for direction in ("", "-"):
            for is_backwards in (False, True):
                asked = query(order=(f"{direction}{order}",), page_size=10)
                beside = [Cursor(Place(key, 5), is_backwards).text(asked) for key in SOME_KEYS]
                assert sum(_takes(service(context), replace(asked, cursor=one), urls) for one in beside) >= 1
    # What is behind a place is no span of time: there may be a million rows, which must not be sorted.
    assert plans.dear(re.compile(FEW_BUT_SPANS)) == []


SOME_KEYS = ("2026-01-01T00:00:00+00:00", "RUNNING", 5, True)
"""One of each kind that a list is ordered by."""


def _takes(service: Callable[..., Any], query: Any, urls: SerializerContext) -> bool:
    try:
        service(query, urls)
    except Invalid:
        return False
    return True


def test_every_list_that_says_so_is_looked_at() -> None:
    said = {path for path, one in DOCUMENT["paths"].items() if "x-scale-flat-orders" in one.get("get", {})}
    assert len(said) == len(FLAT) == len(LISTS)


STAC: list[dict[str, Any]] = [
    {},
    {"limit": 10, "collections": "strike-1"},
    {"collections": "job-type-4,job-type-5,strike-1"},
    {"bbox": "170,-10,-170,10"},
    {"intersects": '{"type": "Point", "coordinates": [1, 1]}', "collections": "job-type-4"},
    {"datetime": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z"},
    {"datetime": "../2026-02-01T00:00:00Z", "bbox": "0,0,1,1"},
    {"ids": "1,2,3"},
]


def test_the_catalog(context: Context, made: dict[str, int], plans: Plans) -> None:
    stac, urls = StacService(context), StacUrls("http://scale.test")
    stac.catalog(urls, "", "")
    stac.collections(urls)
    key = f"job-type-{made['job type']}"
    stac.collection(key, urls)
    # As many as are looked at before the indexes are asked, so that these are; and one that is shown with all it has.
    with context.database.write() as session:
        session.add(Workspace(id=1, name="raw", json_config={}, created=context.now(), last_modified=context.now()))
        job = {"job_type_id": made["job type"], "job_id": made["job"]}
        session.add_all(a_file(context, number, None, **job) for number in range(1, 11))
    for query in STAC:
        asked = search_asked(queries.SearchStacItemsQuery(**query))
        with context.database.read() as session:
            for behind in (None, 9):
                find_items(session, asked.search, behind, 5, at_once=2)
    assert len(stac.items(key, queries.ListStacItemsQuery(), urls).items) == 10
    assert stac.item(key, "1", urls)["id"] == "1"


def test_a_lineage(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    with context.database.write() as session:
        session.add(Workspace(id=1, name="raw", json_config={}, created=context.now(), last_modified=context.now()))
        session.add_all([a_file(context, 1), a_file(context, 2, job_type_id=made["job type"], job_id=made["job"])])
        session.flush()
        session.add(JobInputFile(job_id=made["job"], file_id=1))
    derive(context, 2, made["job"], 1)
    found = LineageService(context).get(1, queries.GetFileLineageQuery(), urls)
    assert [one["input_file_ids"] for one in found["jobs"]] == [[1]]


def test_statistics(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    QueueService(context).status()
    assert QueueService(context).waiting()["count"] == 5
    SchedulerAdmin(context).status(urls)
    JobTypeService(context).status(queries.ListJobTypeStatusQuery(), urls)
    JobTypeService(context).running(queries.ListRunningJobTypesQuery(), urls)
    SystemFailureService(context).list(queries.ListJobTypeSystemFailuresQuery(), urls)
    JobTypeService(context).get(made["job type"], urls)
    NodeAdmin(context).status(queries.ListNodeStatusQuery(), urls)
    NodeAdmin(context).get(made["node"], urls)
    for use_ingest_time in (True, False):
        IngestService(context).status(queries.ListIngestStatusQuery(use_ingest_time=use_ingest_time), urls)


@pytest.mark.parametrize(
    "query",
    [{}, {"started": "P31D", "ended": "P1D", "page": 3, "page_size": 1}, {"job_type_name": ("copy",)}],
    ids=str,
)
def test_the_load(context: Context, urls: SerializerContext, plans: Plans, query: dict[str, Any]) -> None:
    load = JobLoadService(context)
    for _minute in range(3):
        load.record()
    load.list(queries.ListJobLoadQuery(**query), urls)


def test_a_day_of_metrics(context: Context, plans: Plans) -> None:
    DailyMetrics(context).compute()


@pytest.mark.parametrize("query", [{}, {"started": "P31D"}, {"choice_id": (1, 2)}, {"name": ("copy",)}], ids=str)
def test_plots(context: Context, urls: SerializerContext, plans: Plans, query: dict[str, Any]) -> None:
    MetricService(context).plot("job-types", queries.ListMetricPlotDataQuery(**query), urls)
    MetricService(context).get("job-types", urls)


def test_details(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    JobService(context).get(made["job"], urls)
    RecipeService(context).get(made["recipe"], urls)
    ScanService(context).get(made["scan"], urls)
    with context.database.read() as session:
        assert session.get(RecipeType, made["recipe type"]) is not None


def test_a_batch_of_a_scan(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    service, now = ScanRunService(context), context.now()
    with context.database.write() as session:
        broker = {"version": "1.0", "broker": {"type": "host", "host_path": "/x"}}
        session.add(Workspace(name="raw", json_config=broker, created=now, last_modified=now))
    rule: Any = {"filename_regex": ".*", "workspace_path": "", "workspace_name": "raw"}
    where: tuple[Any, ...] = ({"mount": "/x"}, {"workspace": "raw"})
    for number, one in enumerate(where):
        scan: Any = {"name": f"s{number}", "configuration": {"version": "1.0", **one, "files_to_ingest": [rule]}}
        scan_id = ScanService(context).create(scan, urls)["id"]
        job = ScanService(context).process(scan_id, {"ingest": True}, urls)["job"]
        assert job is not None
        order = service.order(scan_id, job["id"])
        assert order is not None
        order = service.record(order, [Seen("a", 1), Seen("b", 2), Seen("c", 0, "it is a pipe")], "")
        service.end(order)


def test_what_a_strike_refuses(context: Context, plans: Plans) -> None:
    refusals = [Refusal("/x/a", "why"), Refusal("/x/b", "why")]
    with context.database.read() as session:
        assert unrecorded_refusals(session, Seer(strike_id=1), refusals) == refusals


def test_the_scheduler(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    executions = ExecutionService(context)
    waiting = [one.execution_id for one in executions.queue(200) if not one.is_system]
    claimed = executions.claim([Placement(one, made["node"], "n") for one in waiting])
    ids = [plan.execution_id for plan, _agent in claimed.plans]
    assert len(ids) == 3
    executions.step_started([(ids[0], "job", context.now())])
    executions.running()
    executions.look(100, 50, context.now())
    endings = EndingService(context)
    endings.finish([ExecutionReport.from_document({"execution_id": ids[0], "status": "COMPLETED", "steps": {}})])
    endings.finish([failure_report(one, "timeout", "Late.") for one in ids[1:]])


def steps_on_executions(plans: Plans) -> list[str]:
    """How the queries find executions, of those that look at any."""
    steps = [step for plan in plans.explained.values() for *_, step in plan]
    return [step for step in steps if re.match(r"(?:SEARCH|SCAN) job_exe\b", step)]


def test_executions_that_are_named_are_found_however_many_others_wait_and_run(
    context: Context, made: dict[str, int], plans: Plans
) -> None:
    executions = ExecutionService(context)
    executions.claim([Placement(1, made["node"], "n")])
    executions.step_started([(1, "job", context.now())])
    steps = steps_on_executions(plans)
    assert steps
    assert not [step for step in steps if "rowid=?" not in step]


def test_a_pass_does_not_look_through_what_runs_while_nothing_is_canceled(
    context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans
) -> None:
    executions = ExecutionService(context)
    claimed = executions.claim([Placement(one.execution_id, made["node"], "n") for one in executions.queue(200)])
    through_all = "job.status != 'RUNNING'"
    assert executions.look(100, 50, context.now()).canceled == []
    assert not any(through_all in statement for statement in plans.explained)

    plan, _agent = claimed.plans[0]
    JobService(context).cancel(plan.job_id, urls)
    assert executions.look(100, 50, context.now()).canceled == [plan.execution_id]
    assert any(through_all in statement for statement in plans.explained)


def test_what_is_behind_a_queue_of_one_type_is_known_without_walking_it(
    context: Context, made: dict[str, int], plans: Plans
) -> None:
    executions = ExecutionService(context)
    types = {one.job_type_id for one in executions.queue(200)}
    plans.explained.clear()
    assert executions.queue(200, types) == []
    assert not steps_on_executions(plans)
    assert {one.job_type_id for one in executions.queue(200, types - {made["job type"]})} == {made["job type"]}


def test_ingests_on_nodes(context: Context, made: dict[str, int], plans: Plans) -> None:
    service = NodeIngestService(context)
    with context.database.read() as session:
        assert seers(session, [made["job"]]) == {}
    service.told({1: 4096})
    with context.database.write() as session:
        fail_ingests_of(session, context, {made["job"]: "why"})
    data = [{"name": "ingest_id", "type": "property", "value": "1"}]
    begun = service.begin([make_plan("scale-ingest", inputs=data)])
    assert len(begun.plans) + len(begun.finished) + len(begun.refused) == 1


def test_who_waits_longest_is_found_without_sorting_the_queue(context: Context, plans: Plans) -> None:
    ExecutionService(context).look(100, 50, context.now())
    (plan,) = [plan for statement, plan in plans.explained.items() if "queued <= ?" in statement]
    steps = [step for *_, step in plan]
    assert any("ix_job_exe_waiting (status=? AND queued<?)" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "FAILED"},
        {"started": "PT1H", "ended": "PT0S"},
        {"job_type_names": ["copy", "other"]},
        {"job_type_ids": [4, 5], "status": "CANCELED"},
        {"job_type_categories": ["x"]},
        {"job_ids": [1, 2, 3]},
    ],
    ids=str,
)
def test_the_queue(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans, body: Any) -> None:
    JobService(context).cancel(made["job"], urls)
    changes = BulkChanges(context)
    changes.requeue(body | {"dry_run": True}, urls)
    changes.requeue(body, urls)
    reached = {name: value for name, value in body.items() if name != "status"}
    requests: list[Any] = [body if body.get("status") == "FAILED" else reached, reached | {"status": "QUEUED"}]
    for asked in requests:
        changes.cancel(asked | {"dry_run": True}, urls)
        changes.cancel(asked, urls)
    with context.database.read() as session:
        assert session.scalars(select(Job.status).where(Job.id == made["job"])).one() in ("QUEUED", "CANCELED")


def test_a_dry_run(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    data = {"input_data_name": "file", "workspace_name": "raw"}
    rule = {"type": "INGEST", "configuration": {"version": "1.0", "condition": {}, "data": data}}
    configuration = {
        "version": "1.0",
        "mount": "/in",
        "transfer_suffix": "_tmp",
        "files_to_ingest": [{"filename_regex": ".*", "workspace_path": "in", "workspace_name": "raw"}],
    }
    broker = {"type": "host", "host_path": str(context.settings.data_dir)}
    now = context.now()
    with context.database.write() as session:
        document = {"version": "1.0", "broker": broker}
        session.add(Workspace(name="raw", json_config=document, created=now, last_modified=now))
    strike: Any = {"name": "s", "configuration": configuration}
    StrikeService(context).create(strike, urls)
    interface = {"command": "true", "command_arguments": "", "input_data": [{"name": "file", "type": "file"}]}
    body: Any = {"name": "sees", "version": "1", "interface": interface, "trigger_rule": rule}
    JobTypeService(context).create(body, urls)
    told = DryRunService(context).file({"file_name": "a.txt", "file_size": 1})
    assert [len(one["jobs"]) for one in told["triggers"]] == [1]


def test_why_a_job_waits(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    jobs = JobService(context)
    with context.database.read() as session:
        of_recipe = session.scalars(select(RecipeJob.job_id).where(RecipeJob.recipe_id == made["recipe"])).all()
    waiting = [made["job"], *of_recipe]
    assert len(waiting) == 3
    for job in waiting:
        jobs.get(job, urls)


def test_a_watched_bucket(context: Context, urls: SerializerContext, plans: Plans) -> None:
    broker = {"version": "1.0", "broker": {"type": "host", "host_path": str(context.settings.data_dir)}}
    WorkspaceService(context).create({"name": "raw", "json_config": broker}, urls)
    rule = {"filename_regex": ".*", "workspace_name": "raw", "workspace_path": "x"}
    configuration = {"version": "1.0", "mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": [rule]}
    strike_id = StrikeService(context).create({"name": "bucket", "configuration": configuration}, urls)["id"]
    watched, transfers = WatchedFileService(context, strike_id), TransferService(context)
    files = [ListedFile(f"in/{number}", 1, "first") for number in range(3)]
    assert watched.news(files) == files
    order = transfers.order(strike_id)
    assert order is not None
    watched.arrived(order, [(one, Arrival(str(number), one.path, one.path, 1)) for number, one in enumerate(files)])
    watched.forget_gone("in/0", ["in/1"], "in/2")
    assert watched.news(files) == files[2:]
    watched.forget_gone("", ["in/0"], None)
    assert watched.news(files) == files[1:]
    assert transfers.names_being_ingested(strike_id, ["0", "3"]) == {"0"}
    assert transfers.unrecorded({"0": "/x/0"}) == {"0"}


def test_a_directory_that_a_node_watches(context: Context, made: dict[str, int], plans: Plans) -> None:
    configuration = {"version": "1.0", "mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": []}
    with context.database.write() as session:
        now = context.now()
        job = session.scalars(select(Job).limit(1)).one()
        strike = Strike(name="node", configuration=configuration, job_id=job.id, created=now, last_modified=now)
        execution = session.scalars(select(JobExecution).where(JobExecution.job_id == job.id).limit(1)).one()
        execution.status, execution_id = "RUNNING", execution.id
        session.add(strike)
    service = NodeStrikeService(context)
    abouts: dict[str, Any] = {
        Asks.WATCHES: "/in",
        Asks.UNDER_WAY: 0,
        Asks.NAMES_BEING_INGESTED: ["a"],
        Asks.UNRECORDED: [["a", "/in/ingesting/a"]],
        Asks.SEEN: [["b", "/in/b_tmp", 1, None]],
        Asks.GONE: [1],
        Asks.REFUSED: [["/in/c", "because"]],
        Asks.ARRIVED: [["d", "/in/d", "/in/deferred/d", 1, None, None]],
        Asks.NOTE: [None, True],
        Asks.NEWS: [["in/e", "first"]],
        Asks.LISTED: ["", ["in/e"], None],
        Asks.FOUND: [[["in/e", 1, "first"], ["e", "in/e", "in/e", 1, None, None]]],
    }
    for number, asks in enumerate((one for one in Asks if one is not Asks.TICK), 1):
        for _ in range(2):
            answer = service.answer(execution_id, Question(number, asks, abouts.get(asks)))
            assert (answer.over, answer.trouble) == (None, None)
    with context.database.read() as session:
        assert of_workspaces(session, [job.id]) == set()


def test_the_clock_on_a_node(context: Context, made: dict[str, int], plans: Plans) -> None:
    assert NodeClockService(context).keeper() is None


def test_retention(context: Context, made: dict[str, int], plans: Plans) -> None:
    rules = {f"{what}_after": "P30D" for what in ("logs", "executions", "unpublished", "products", "sources")}
    engine = LocalEngine(EngineSettings(context.settings.data_dir))
    with context.database.write() as session:
        for name in context.registry.metrics:
            session.merge(MetricProgress(metric=name, next_day=context.now().date()))
    RetentionPreviewService(context, engine).preview(rules)
    RetentionService(context, engine, bool).run(Retention.from_document(rules))
    walks = [plan for statement, plan in plans.explained.items() if "AS moment" in statement]
    used = {found[0] for plan in walks for *_, step in plan if (found := re.search(r"ix_\w+ \([^)]*<\?", step))}
    assert {index.partition(" ")[0] for index in used} == {
        "ix_job_exe_logs",
        "ix_job_exe_ended",
        "ix_unpublished_kept",
        "ix_product_created",
        "ix_source_kept",
    }, used


def test_what_happens_at_every_start(context: Context, plans: Plans) -> None:
    prepare(context)
    asked_moves(context)


def test_new_jobs_and_recipes(context: Context, urls: SerializerContext, made: dict[str, int], plans: Plans) -> None:
    QueueService(context).new_job({"job_type_id": made["job type"], "job_data": {}}, urls)
    QueueService(context).new_recipe({"recipe_type_id": made["recipe type"], "recipe_data": {}}, urls)


def test_the_impact_of_a_change(context: Context, made: dict[str, int], plans: Plans) -> None:
    interface = {"command": "false", "command_arguments": ""}
    definition = {"input_data": [], "jobs": [{"name": "one", "job_type": {"name": "copy", "version": "1"}}]}
    job_type: Any = {"name": "copy", "version": "1", "interface": interface, "timeout": 1}
    recipe_type: Any = {"name": "twice", "version": "1", "definition": definition}
    told = [
        *JobTypeService(context).validate(job_type)["warnings"],
        *RecipeTypeService(context).validate(recipe_type)["warnings"],
        *ConfigurationService(context).load({"job_types": [job_type], "recipe_types": [recipe_type]})["warnings"],
    ]
    assert {"reaches_recipe_type", "reaches_waiting_jobs"} <= {warning["id"] for warning in told}


@pytest.mark.parametrize(
    ("statement", "is_dear"),
    [
        ("SELECT count(*) FROM job", True),
        ("SELECT id FROM job ORDER BY id LIMIT 5", False),
        ("SELECT id FROM job ORDER BY priority LIMIT 5", True),
        ("SELECT id FROM job WHERE last_modified >= ? ORDER BY id LIMIT 5", True),
        ("SELECT id FROM job WHERE job_type_id = 3 ORDER BY id LIMIT 5", False),
        ("SELECT id FROM job WHERE job_type_id = 3 ORDER BY priority LIMIT 5", True),
        ("SELECT sum(number) FROM job_tally", False),
    ],
)
def test_these_tests_would_notice(context: Context, statement: str, is_dear: bool) -> None:
    plans = Plans(context)
    with context.database.engine.connect() as connection:
        connection.exec_driver_sql(statement, ("2026",) * statement.count("?"))
    assert bool(plans.dear()) == is_dear
