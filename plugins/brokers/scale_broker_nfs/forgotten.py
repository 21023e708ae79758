"""Errors with which an NFS server says that it knows nothing of this client any more, or not yet; or has no room."""

from collections.abc import Iterator
from typing import Final

import nfs_rs

from scale_core.storage.faults import FULL

WAIT: Final = frozenset({"NFS4ERR_GRACE", "NFS4ERR_DELAY"})
"""It has started and waits for those that it knew, or is busy."""

FORGOTTEN: Final = frozenset(
    {
        "NFS4ERR_ADMIN_REVOKED",
        "NFS4ERR_BADSESSION",
        "NFS4ERR_BADSLOT",
        "NFS4ERR_BAD_SEQID",
        "NFS4ERR_BAD_STATEID",
        "NFS4ERR_CONN_NOT_BOUND_TO_SESSION",
        "NFS4ERR_DEADSESSION",
        "NFS4ERR_EXPIRED",
        "NFS4ERR_LEASE_MOVED",
        "NFS4ERR_OLD_STATEID",
        "NFS4ERR_RETRY_UNCACHED_REP",
        "NFS4ERR_SEQ_FALSE_RETRY",
        "NFS4ERR_SEQ_MISORDERED",
        "NFS4ERR_STALE_CLIENTID",
        "NFS4ERR_STALE_STATEID",
    }
)
"""The lease of the client, its session, or what it had open, is no more."""


def is_wait(error: nfs_rs.NfsError) -> bool:
    """Whether the server says to ask later."""
    return any(one.code_name in WAIT for one in _all_of(error))


def full(error: nfs_rs.NfsError) -> int | None:
    """The number of an error with which the server says that there is no room, if it says so: where a part of a write
    had room, the library tells that it is uncertain what became of it, and that it is to be looked at and resumed."""
    return next((one.errno for one in _all_of(error) if one.errno in FULL), None)


def is_forgotten(error: nfs_rs.NfsError) -> bool:
    """Whether the same may succeed over a new connection."""
    return full(error) is None and any(_is_forgotten(one) for one in _all_of(error))


def _is_forgotten(error: nfs_rs.NfsError) -> bool:
    """Where the library lost its own connection too, it names no code, but says what may help."""
    if isinstance(error, nfs_rs.NfsTimeoutError):
        return False
    advice = error.recovery_action
    is_advised = advice is not None and advice is not nfs_rs.RecoveryAction.DO_NOT_RETRY
    return is_advised or isinstance(error, nfs_rs.NfsStateLostError) or error.code_name in FORGOTTEN | WAIT


def _all_of(error: BaseException) -> Iterator[nfs_rs.NfsError]:
    """An error and those that it came of: one of closing a file holds what went wrong."""
    if isinstance(error, nfs_rs.NfsError):
        yield error
        for one in error.errors:
            yield from _all_of(one)
    if error.__cause__ is not None:
        yield from _all_of(error.__cause__)
