"""What the errors of fsspec's file systems mean for a workspace."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from scale_core.interfaces.broker import BrokerError, FileMissing, StorageFull, StorageUnavailable

FULL: Final = re.compile(r"no space left|quota|disk full|insufficient storage", re.IGNORECASE)
FULL_NUMBERS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def storage_errors(action: str, place: str) -> Iterator[None]:
    """Turn whatever a file system raises in the block into the :class:`BrokerError` that says the same to people: each
    protocol has errors of its own.

    :param action: what is being done, as in "Cannot <action>".
    """
    try:
        yield
    except BrokerError:
        raise
    except Exception as error:  # each file system of fsspec raises what its own library does
        raise broker_error(f"Cannot {action} in {place}", error) from error


def broker_error(message: str, error: Exception) -> BrokerError:
    """The broker error for ``error``."""
    told = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return FileMissing(f"{message}: there is no such file ({told}).")
    if FULL.search(told) or getattr(error, "errno", None) in FULL_NUMBERS:
        return StorageFull(f"{message}: {told}. Free some space or raise the quota.")
    return StorageUnavailable(
        f"{message}: {told}. Check that the server can be reached, that the account in [storage.fsspec] of scale.toml "
        "is right, and that it may do this."
    )
