"""Logs of executions that have ended are taken into a workspace, and read, archived and removed there."""

import tarfile
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from fakes.keeper import SOME, Keeper
from fakes.waiting import until
from fakes.world import SetClock
from scale_broker_host.broker import HostBroker
from scale_core.db.models import StoredLog
from scale_core.interfaces.broker import BrokerError, StorageUnavailable
from scale_core.interfaces.logs import LogChunk
from scale_core.services import log_storing
from scale_core.services.context import Context
from scale_core.services.log_storing import LogsNotStored, LogStoring
from scale_core.services.serialization import SerializerContext
from scale_core.storage.answering import Answering
from scale_generated import queries
from scale_scheduler.log_keeping import LogKeeping
from scale_scheduler.lookout import Lookout


@pytest.fixture
def keeper(context: Context, urls: SerializerContext, clock: SetClock) -> Keeper:
    named = replace(context, settings=replace(context.settings, logs_workspace="raw"))
    return Keeper(named, urls, clock)


def store_all(keeper: Keeper) -> None:
    storing = LogStoring(keeper.context, keeper.engine)
    while storing.store_group():
        pass


def read(keeper: Keeper, execution_id: int, offset: int = 0, stream: str = "stdout") -> LogChunk:
    return keeper.reads.log(execution_id, stream, queries.GetJobExecutionLogQuery(offset=offset, limit=None))


def in_workspace(keeper: Keeper) -> list[str]:
    return sorted(str(one.relative_to(keeper.storage)) for one in keeper.storage.rglob("*") if one.is_file())


def test_logs_are_read_by_offset_from_the_workspace_that_they_were_stored_in(keeper: Keeper) -> None:
    (one,) = keeper.ran(keeper.made.job())
    store_all(keeper)
    assert not keeper.folder(one).exists()
    assert in_workspace(keeper) == [f"execution-logs/0/{one}/stdout"]
    assert read(keeper, one) == LogChunk(SOME, 0, len(SOME))
    assert read(keeper, one, 5) == LogChunk(SOME[5:], 5, len(SOME))
    assert read(keeper, one, 500) == LogChunk(b"", 500, len(SOME))
    assert read(keeper, one, stream="stderr") == LogChunk(b"", 0, 0)
    both = keeper.reads.logs(one, queries.GetJobExecutionLogsQuery(stdout_offset=5, stderr_offset=0), keeper.urls)
    assert both["stdout"] == SOME[5:].decode(errors="replace")


def test_logs_of_executions_that_run_stay_where_they_are_written(keeper: Keeper) -> None:
    (one,) = keeper.made.start(keeper.made.job())
    keeper.folder(one).mkdir(parents=True)
    (keeper.folder(one) / "stdout").write_bytes(SOME)
    store_all(keeper)
    assert in_workspace(keeper) == []
    assert read(keeper, one) == LogChunk(SOME, 0, len(SOME))


def test_what_is_no_execution_of_ours_is_left_alone(keeper: Keeper) -> None:
    strange = keeper.data / "executions" / "4711"
    strange.mkdir(parents=True)
    (strange / "stdout").write_bytes(SOME)
    (keeper.data / "executions" / ".12.new").mkdir()
    store_all(keeper)
    assert (strange / "stdout").exists()


def test_all_logs_are_stored_in_groups(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_storing, "GROUP", 2)
    ids = keeper.ran(*(keeper.made.job() for _ in range(5)))
    store_all(keeper)
    assert len(in_workspace(keeper)) == 5
    assert {read(keeper, one).data for one in ids} == {SOME}


@pytest.mark.parametrize("at", ["record", "forget"])
def test_what_a_crash_breaks_off_is_done_again(keeper: Keeper, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """After the workspace had the logs, or after the database said so: they are readable, and end up stored once."""
    (one,) = keeper.ran(keeper.made.job())

    def crash(*_given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*((LogStoring, "_record", crash) if at == "record" else (keeper.engine, "forget", crash)))
        with pytest.raises(KeyboardInterrupt):
            store_all(keeper)
    assert read(keeper, one).data == SOME
    store_all(keeper)
    assert not keeper.folder(one).exists()
    assert read(keeper, one).data == SOME
    with keeper.context.database.read() as session:
        assert session.scalars(select(StoredLog.id)).all() == [one]


def test_logs_that_cannot_be_stored_stay_while_the_others_are_stored(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = keeper.ran(keeper.made.job(), keeper.made.job())
    whole = HostBroker.store_many

    def refuse_first(broker: HostBroker, files: Any, **how: Any) -> Any:
        results: list[Any] = whole(broker, files, **how)
        return [StorageUnavailable("It is full."), *results[1:]]

    with monkeypatch.context() as patched:
        patched.setattr(HostBroker, "store_many", refuse_first)
        with pytest.raises(LogsNotStored, match=r"It is full\."):
            store_all(keeper)
    assert [keeper.folder(one).exists() for one in ids] == [True, False]
    assert [read(keeper, one).data for one in ids] == [SOME, SOME]
    store_all(keeper)
    store_all(keeper)
    assert not keeper.folder(ids[0]).exists()


def test_without_the_workspace_logs_stay_and_it_is_said_what_is_missing(keeper: Keeper) -> None:
    elsewhere = replace(keeper.context, settings=replace(keeper.context.settings, logs_workspace="none"))
    (one,) = keeper.ran(keeper.made.job())
    with pytest.raises(LogsNotStored, match="'none', which the setting logs_workspace names"):
        LogStoring(elsewhere, keeper.engine).store_group()
    assert read(keeper, one).data == SOME


def test_stored_logs_are_archived_and_then_gone_from_the_workspace(keeper: Keeper) -> None:
    (one,) = keeper.ran(keeper.made.job())
    store_all(keeper)
    keeper.later(days=40)
    assert keeper.preview(logs_after="P30D")["LOGS"] == (1, len(SOME))
    keeper.keep(logs_after="P30D")
    (archive,) = keeper.archives()
    assert archive.file_name is not None
    with tarfile.open(keeper.data / "archive" / archive.file_name) as tar:
        content = tar.extractfile(f"{one}/stdout")
        assert content is not None
        assert content.read() == SOME
    assert in_workspace(keeper) == []
    with keeper.context.database.read() as session:
        assert session.scalars(select(StoredLog)).all() == []


def test_of_logs_that_retention_took_while_they_were_stored_nothing_stays(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = keeper.ran(keeper.made.job())
    keeper.later(days=40)
    whole = HostBroker.store_many

    def store_slowly(broker: HostBroker, files: Any, **how: Any) -> Any:
        results = whole(broker, files, **how)
        keeper.keep(logs_after="P30D")
        return results

    monkeypatch.setattr(HostBroker, "store_many", store_slowly)
    store_all(keeper)
    assert (len(keeper.archives()), in_workspace(keeper)) == (1, [])
    with keeper.context.database.read() as session:
        assert session.scalars(select(StoredLog)).all() == []
    assert not keeper.folder(one).exists()


def test_logs_that_the_workspace_does_not_let_go_of_are_removed_by_a_later_run(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.ran(keeper.made.job())
    store_all(keeper)
    keeper.later(days=40)

    def refuse(_broker: HostBroker, _path: str) -> None:
        raise BrokerError("It is read-only.")

    with monkeypatch.context() as patched:
        patched.setattr(HostBroker, "delete", refuse)
        keeper.keep(logs_after="P30D")
    assert len(in_workspace(keeper)) == 1
    keeper.keep(logs_after="P30D")
    assert in_workspace(keeper) == []


@pytest.mark.parametrize(("name", "kept"), [("raw", False), ("", True)])
def test_the_scheduler_stores_logs_where_a_workspace_is_named_for_them(keeper: Keeper, name: str, kept: bool) -> None:
    context = replace(keeper.context, settings=replace(keeper.context.settings, logs_workspace=name))
    (one,) = keeper.ran(keeper.made.job())
    keeping = LogKeeping(context, keeper.engine, Lookout(Answering()))
    keeping.open()
    try:
        if kept:
            assert not keeping._thread.is_alive()
        else:
            until(lambda: not keeper.folder(one).exists())
    finally:
        keeping.close(20.0)
    assert keeper.folder(one).exists() is kept
