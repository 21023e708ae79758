"""Which errors of an NFS server mean that it has forgotten its client, and what is done then."""

from collections.abc import Callable
from pathlib import PurePosixPath

import nfs_rs
import pytest

from scale_broker_nfs import connection
from scale_broker_nfs.connection import TRIES, Connection
from scale_core.interfaces.broker import FileMissing, StorageUnavailable
from scale_core.storage.mounts import Export
from scale_core.storage.nfs_options import NfsOptions


@pytest.fixture
def to(monkeypatch: pytest.MonkeyPatch) -> Connection:
    """One that waits for nothing."""
    monkeypatch.setattr(connection, "PAUSE_SECONDS", 0.0)
    return Connection(Export("server.example", PurePosixPath("/data")), NfsOptions())


class Failing:
    """Work that fails as it is told, and then does not."""

    def __init__(self, *errors: Exception) -> None:
        self.left = list(errors)
        self.begun = 0

    def __call__(self) -> str:
        self.begun += 1
        if self.left:
            raise self.left.pop(0)
        return "done"


def do(to: Connection, use: Callable[[], str], waits: Callable[[], None] = lambda: None) -> str:
    return to.work("look at 'x'", "x", use, waits)


def code(name: str) -> nfs_rs.NfsProtocolError:
    return nfs_rs.NfsProtocolError(message=name, code_name=name)


@pytest.mark.parametrize(
    "error",
    [
        code("NFS4ERR_EXPIRED"),
        code("NFS4ERR_STALE_CLIENTID"),
        code("NFS4ERR_BAD_STATEID"),
        code("NFS4ERR_BADSESSION"),
        code("NFS4ERR_GRACE"),
        nfs_rs.NfsStateLostError(message="lost"),
        nfs_rs.NfsOperationOutcomeError(message="?", recovery_action="reopen"),
        nfs_rs.NfsFileCloseError(message="close", errors=(code("NFS4ERR_EXPIRED"),)),
    ],
    ids=str,
)
def test_work_is_done_again_where_the_server_has_forgotten_the_client(to: Connection, error: Exception) -> None:
    waited: list[None] = []
    assert do(to, Failing(error, error), lambda: waited.append(None)) == "done"
    assert len(waited) == 2


@pytest.mark.parametrize(
    "error",
    [
        nfs_rs.NfsNotFoundError(message="no such file", code_name="NFS4ERR_NOENT", errno=2),
        nfs_rs.NfsTimeoutError(message="deadline", recovery_action="retry"),
        nfs_rs.NfsConnectionError(message="refused", errno=111),
        nfs_rs.NfsProtocolError(message="no", recovery_action="do_not_retry"),
    ],
    ids=str,
)
def test_what_another_connection_does_not_mend_is_told_at_once(to: Connection, error: Exception) -> None:
    failing = Failing(error)
    with pytest.raises((FileMissing, StorageUnavailable), match="Cannot look at 'x'"):
        do(to, failing)
    assert failing.begun == 1


def test_a_server_that_keeps_forgetting_is_an_error(to: Connection) -> None:
    failing = Failing(*[code("NFS4ERR_EXPIRED")] * 100)
    with pytest.raises(StorageUnavailable, match="NFS4ERR_EXPIRED"):
        do(to, failing)
    assert failing.begun == TRIES


def test_a_server_that_keeps_having_clients_wait_is_an_error(to: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GRACE_SECONDS", 0.05)
    failing = Failing(*[code("NFS4ERR_GRACE")] * 1_000_000)
    with pytest.raises(StorageUnavailable, match="NFS4ERR_GRACE"):
        do(to, failing)
    assert failing.begun > TRIES
