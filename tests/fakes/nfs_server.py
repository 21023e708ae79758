"""A real NFS server for tests, in a folder that is removed; one of its exports is soon full."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.machine import missing
from fakes.processes import command_of, descendants_of
from fakes.storage import small_storage
from scale_core.testing.nfs import NfsMissing, NfsServer, running_nfs

__all__ = ["NfsServer", "helpers", "nfs_server", "own_nfs_server", "started_nfs_server"]


@pytest.fixture(scope="session")
def nfs_server() -> Iterator[NfsServer]:
    """An NFS server that tests share; conftest.py gives it to those of its folder."""
    with started_nfs_server() as server:
        yield server


@pytest.fixture
def own_nfs_server() -> Iterator[NfsServer]:
    """An NFS server of one test, which may kill it."""
    with started_nfs_server() as server:
        yield server


@contextmanager
def started_nfs_server(lease: int = 5, grace: int = 0) -> Iterator[NfsServer]:
    """A server, or no test; of the two numbers of seconds :class:`NfsServer` says more."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="scale-nfs-", ignore_cleanup_errors=True))
        small = Path(name, "small")
        small.mkdir()
        stack.enter_context(small_storage(small))
        try:
            server = stack.enter_context(running_nfs(Path(name), lease, grace))
        except NfsMissing as error:
            missing(str(error))
        yield server


def helpers() -> list[int]:
    """The processes that work on exports for this one; one that has just begun has no command for a moment."""
    return [pid for pid in descendants_of(os.getpid()) if b"scale_broker_nfs" in command_of(pid)]
