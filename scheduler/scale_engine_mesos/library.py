"""pymesos, which is there only where the extra ``mesos`` was installed."""

import logging
import signal
import threading
from typing import TYPE_CHECKING

from scale_core.interfaces.engine import OptionError

if TYPE_CHECKING:
    from scale_engine_mesos.driver import Driver

MISSING = (
    "The engine 'mesos' needs pymesos, which is not installed: install Scale with its extra, pip install '.[mesos]'."
)


def driver_class() -> "type[Driver]":
    """The driver. The first call has to come from the main thread: pymesos sets a signal handler when it is imported.
    It and its log handler, which would tell everything twice, are taken back.

    :raises OptionError: pymesos is not installed.
    """
    is_main = threading.current_thread() is threading.main_thread()
    former = signal.getsignal(signal.SIGINT) if is_main else None
    try:
        from scale_engine_mesos.driver import Driver
    except ModuleNotFoundError as error:
        raise OptionError(MISSING) from error
    if is_main:
        signal.signal(signal.SIGINT, former)
    theirs = logging.getLogger("pymesos")
    for handler in list(theirs.handlers):
        theirs.removeHandler(handler)
    return Driver
