"""What retention archives, what it leaves alone, and what a crash leaves of it."""

import gzip
import json
import tarfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from fakes.keeper import SOME, Keeper
from fakes.world import SetClock
from scale_core.db.models import (
    ArchivedExecution,
    Recipe,
    Workspace,
)
from scale_core.services.context import Context
from scale_core.services.daily_metrics import DailyMetrics
from scale_core.services.exceptions import Archived, NotFound
from scale_core.services.file_content import ContentService
from scale_core.services.file_reads import FileService
from scale_core.services.retention import RetentionService
from scale_core.services.retention_preview import RetentionPreviewService
from scale_core.services.serialization import SerializerContext
from scale_core.services.updates import UpdateService
from scale_engine_local.engine import LocalEngine
from scale_generated import queries


@pytest.fixture
def keeper(context: Context, urls: SerializerContext, clock: SetClock) -> Keeper:
    return Keeper(context, urls, clock)


def test_without_rules_nothing_is_archived(keeper: Keeper) -> None:
    ids = keeper.ran(keeper.made.job())
    keeper.file("a.txt")
    keeper.later(days=4000)
    keeper.keep()
    assert keeper.executions() == ids
    assert keeper.folder(ids[0]).exists()
    assert (keeper.archives(), keeper.deleted(), keeper.preview()) == ([], [], {})


def test_old_logs_are_archived_with_their_bytes_and_young_ones_stay(keeper: Keeper) -> None:
    (old,) = keeper.ran(keeper.made.job())
    keeper.later(days=29)
    (young,) = keeper.ran(keeper.made.job())
    keeper.later(days=1, seconds=1)
    assert keeper.preview(logs_after="P30D") == {"LOGS": (1, len(SOME))}
    keeper.keep(logs_after="P30D")
    assert not keeper.folder(old).exists()
    assert keeper.folder(young).exists()
    (archive,) = keeper.archives()
    assert (archive.kind, archive.number, archive.size, archive.pending) == ("LOGS", 1, len(SOME), None)
    with tarfile.open(keeper.data / "archive" / str(archive.file_name)) as tar:
        assert tar.getnames() == [f"{old}/stdout"]
        stored = tar.extractfile(f"{old}/stdout")
        assert stored is not None
        assert stored.read() == SOME
    assert keeper.executions() == [old, young], "the record stays"
    with pytest.raises(Archived, match=rf"logs of the job execution {old} were archived on .*{archive.file_name}"):
        keeper.reads.logs(old, queries.GetJobExecutionLogsQuery(), keeper.urls)
    with pytest.raises(Archived, match="were archived"):
        keeper.reads.log(old, "stdout", queries.GetJobExecutionLogQuery())
    assert keeper.reads.logs(young, queries.GetJobExecutionLogsQuery(), keeper.urls)["stdout"]
    assert keeper.preview(logs_after="P30D") == {"LOGS": (0, 0)}


def test_old_executions_are_archived_whole_with_their_logs_first(keeper: Keeper) -> None:
    job = keeper.made.job()
    (old,) = keeper.ran(job)
    product = keeper.product("product", job)
    keeper.later(days=400)
    (young,) = keeper.ran(keeper.made.job())
    assert keeper.preview(executions_after="P1Y") == {"LOGS": (1, len(SOME)), "EXECUTIONS": (1, None)}
    keeper.keep(executions_after="P1Y")
    assert keeper.executions() == [young]
    assert [(one.kind, one.number) for one in keeper.archives()] == [("LOGS", 1), ("EXECUTIONS", 1)]
    archive = keeper.archives()[1]
    with gzip.open(keeper.data / "archive" / str(archive.file_name), "rt") as lines:
        (record,) = [json.loads(line) for line in lines]
    assert (record["id"], record["job_id"], record["status"]) == (old, job, "COMPLETED")
    assert (record["job_type_name"], record["node_hostname"], record["error_name"]) == ("a", None, None)
    assert record["ended"].endswith("Z")
    with pytest.raises(Archived, match=f"job execution {old} was archived on .*executions-"):
        keeper.reads.get(old, keeper.urls)
    with pytest.raises(NotFound, match="There is no job execution 9999"):
        keeper.reads.get(9999, keeper.urls)
    keeper.check_tallies()
    details = keeper.made.jobs.get(job, keeper.urls)
    assert (details["status"], details["num_exes"], details["job_exes"]) == ("COMPLETED", 1, [])
    assert FileService(keeper.context).get_product(str(product), keeper.urls)["id"] == product
    latest = UpdateService(keeper.context).jobs_with_execution(
        queries.ListJobsWithExecutionQuery(job_type_name=("a",)), keeper.urls
    )
    assert {one["id"]: one["latest_job_exe"] for one in latest.results}[job] is None


def test_what_an_active_job_did_before_is_kept(keeper: Keeper) -> None:
    failed, running = keeper.made.job(), keeper.made.job()
    keeper.ran(failed, end=keeper.made.fail)
    keeper.made.start(running)
    before = keeper.executions()
    keeper.later(days=400)
    keeper.made.requeue(job_ids=[failed])
    keeper.keep(executions_after="P1Y", logs_after="P1D")
    assert set(before) < set(keeper.executions())
    assert keeper.archives() == []
    keeper.made.complete(failed)
    keeper.later(days=2)
    keeper.keep(executions_after="P1Y", logs_after="P1D")
    assert len(keeper.executions()) == 2, "that which runs, and that which just ended"


def test_executions_of_days_without_metrics_are_kept(keeper: Keeper) -> None:
    keeper.ran(keeper.made.job())
    there = keeper.executions()
    keeper.clock.forward(days=3)
    keeper.keep(executions_after="P1D")
    assert keeper.executions() == there
    DailyMetrics(keeper.context).compute()
    keeper.keep(executions_after="P1D")
    assert keeper.executions() == []


def test_everything_goes_in_groups_and_what_is_kept_among_it_is_passed_over(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scale_core.services.retention.GROUP", 2)
    kept = keeper.made.job()
    (first,) = keeper.ran(kept, end=keeper.made.fail)
    keeper.ran(*(keeper.made.job() for _ in range(7)))
    keeper.made.requeue(job_ids=[kept])
    keeper.later(days=40)
    keeper.keep(executions_after="P30D")
    assert [one.number for one in keeper.archives()] == [2, 2, 2, 1] * 2
    assert first in keeper.executions()
    with keeper.context.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ArchivedExecution)) == 7
    keeper.check_tallies()


def test_a_run_that_is_stopped_is_gone_on_with(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scale_core.services.retention.GROUP", 2)
    keeper.ran(*(keeper.made.job() for _ in range(5)))
    keeper.later(days=40)
    keeper.stopped_after = 1
    keeper.keep(executions_after="P30D")
    assert [(one.kind, one.number) for one in keeper.archives()] == [("LOGS", 2)]
    keeper.stopped_after = 100
    keeper.keep(executions_after="P30D")
    assert sum(one.number for one in keeper.archives() if one.kind == "EXECUTIONS") == 5
    assert sum(one.number for one in keeper.archives() if one.kind == "LOGS") == 5


class Crash(BaseException):
    """The process ends here."""


def crash(*_: Any, **__: Any) -> None:
    raise Crash


def test_a_crash_before_logs_are_removed_is_mended(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = keeper.ran(keeper.made.job())
    keeper.later(days=40)
    with monkeypatch.context() as patched:
        patched.setattr(LocalEngine, "forget", crash)
        with pytest.raises(Crash):
            keeper.keep(logs_after="P30D")
    assert keeper.folder(old).exists()
    assert keeper.archives()[0].pending == [old]
    keeper.keep()
    assert not keeper.folder(old).exists()
    assert [one.pending for one in keeper.archives()] == [None]


def test_a_crash_before_the_transaction_leaves_all_as_it_was(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = keeper.ran(keeper.made.job())
    keeper.later(days=40)
    with monkeypatch.context() as patched:
        patched.setattr(RetentionService, "_note", crash)
        with pytest.raises(Crash):
            keeper.keep(executions_after="P30D")
    assert keeper.reads.logs(old, queries.GetJobExecutionLogsQuery(), keeper.urls)["stdout"]
    keeper.keep(executions_after="P30D")
    assert len(list((keeper.data / "archive").iterdir())) == 2, "the files of the first run are replaced"
    assert keeper.preview(executions_after="P30D") == {"LOGS": (0, 0), "EXECUTIONS": (0, None)}


def test_a_full_disk_archives_nothing_and_leaves_no_half_file(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = keeper.ran(keeper.made.job())
    keeper.later(days=40)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            keeper.keep(logs_after="P30D")
    assert list((keeper.data / "archive").iterdir()) == []
    assert keeper.folder(old).exists()
    assert keeper.archives() == []


def test_content_of_products_goes_by_whether_they_are_published(keeper: Keeper) -> None:
    job = keeper.made.job()
    keeper.ran(job)
    now = keeper.context.now()
    keeper.product("superseded", job, unpublished=now)
    keeper.product("superseded-lately", job, unpublished=now + timedelta(days=30))
    keeper.product("published", job)
    keeper.file("source")
    keeper.later(days=40)
    keeper.product("young", job)
    assert keeper.preview(unpublished_after="P30D", products_after="P39D", sources_after="P1Y") == {
        "UNPUBLISHED": (1, len("superseded")),
        "PRODUCTS": (1, len("published")),
        "SOURCES": (0, 0),
    }
    keeper.keep(unpublished_after="P30D")
    assert keeper.deleted() == ["superseded"]
    keeper.keep(products_after="P39D")
    assert keeper.deleted() == ["published", "superseded"]
    keeper.keep(sources_after="P39D")
    assert keeper.deleted() == ["published", "source", "superseded"]
    keeper.check_tallies()


def test_a_deleted_file_says_so(keeper: Keeper) -> None:
    job = keeper.made.job()
    keeper.ran(job)
    product = keeper.product("product", job)
    keeper.later(days=40)
    keeper.keep(products_after="P30D")
    files = FileService(keeper.context)
    details = files.get_product(str(product), keeper.urls)
    assert (details["is_deleted"], details["is_published"]) == (True, False)
    assert details["deleted"] == details["unpublished"] == details["last_modified"]
    assert files.list_products(queries.ListProductsQuery(), keeper.urls).count == 0
    with pytest.raises(Archived, match=f"content of the file {product} was deleted on "):
        ContentService(keeper.context).find(product)
    (update,) = (
        UpdateService(keeper.context).products(queries.ListProductUpdatesQuery(started="PT1H"), keeper.urls).results
    )
    assert update["update"]["action"] == "DELETED"


def test_files_that_an_active_job_may_read_are_kept(keeper: Keeper) -> None:
    keeper.file("left")
    keeper.give(keeper.made.job(), keeper.file("given"))
    recipe = keeper.made.recipe()
    of_recipe = keeper.file("of-recipe")
    beside = keeper.file("beside")
    with keeper.context.database.write() as session:
        row = session.scalars(select(Recipe)).one()
        row.data = {"version": "1.0", "input_data": [{"name": "in", "file_id": of_recipe}]}
    keeper.give(recipe["one"], beside)
    keeper.made.complete(recipe["one"])
    keeper.product("made-for-the-next", recipe["one"])
    keeper.later(days=40)
    rules = {"sources_after": "P30D", "products_after": "P30D"}
    assert keeper.preview(**rules) == {"PRODUCTS": (0, 0), "SOURCES": (1, len("left"))}
    keeper.keep(**rules)
    assert keeper.deleted() == ["left"]
    for name in ("two", "three"):
        keeper.made.complete(recipe[name])
    keeper.keep(**rules)
    assert keeper.deleted() == ["beside", "left", "made-for-the-next", "of-recipe"]


def test_a_workspace_that_does_not_let_go_is_asked_again(keeper: Keeper) -> None:
    keeper.file("a.txt")
    keeper.later(days=40)
    away = keeper.storage.rename(keeper.data / "away")
    keeper.keep(sources_after="P30D")
    (archive,) = keeper.archives()
    assert archive.pending == [1], "that its folder is missing does not say that the file is deleted"
    away.rename(keeper.storage)
    keeper.keep()
    assert keeper.deleted() == ["a.txt"]
    assert [one.pending for one in keeper.archives()] == [None]


def test_files_of_workspaces_that_are_not_active_stay(keeper: Keeper) -> None:
    keeper.file("a.txt")
    with keeper.context.database.write() as session:
        session.get_one(Workspace, 1).is_active = False
    keeper.later(days=40)
    assert keeper.preview(sources_after="P30D") == {"SOURCES": (0, 0)}
    keeper.keep(sources_after="P30D")
    assert keeper.deleted() == []


def test_sizes_of_many_logs_are_computed_from_those_of_the_oldest(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scale_core.services.retention_preview.MOST_MEASURED", 2)
    keeper.ran(*(keeper.made.job() for _ in range(3)))
    keeper.later(days=40)
    (part,) = RetentionPreviewService(keeper.context, keeper.engine).preview({"logs_after": "P30D"})["results"]
    assert (part["count"], part["bytes"], part["is_estimate"]) == (3, 3 * len(SOME), True)
    assert part["before"] is not None
    moment = datetime.fromisoformat(part["before"])
    assert keeper.context.now() - moment == timedelta(days=30)
