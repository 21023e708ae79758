"""The loop that watches a bucket."""

import logging
import time
from collections.abc import Callable
from typing import Final

from scale_core.interfaces.broker import Broker, FileNotices
from scale_core.watching.bucket import BucketWatch
from scale_core.watching.recorder import Stop
from scale_generated.specs.strike import StrikeMonitor

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 1.0
"""How often it is looked whether the Strike process was edited, and how long a notice is waited for."""


def watch_bucket(
    watch: BucketWatch,
    broker: Broker,
    monitor: StrikeMonitor,
    stop: Stop,
    succeeded: Callable[[], None],
    is_current: Callable[[], bool],
) -> None:
    """Watch until stopped or edited.

    :param broker: of the workspace that is watched.
    :param succeeded: is told that watching goes well.
    :param is_current: whether the Strike process still is as it was.
    :raises BrokerError: the storage cannot be used now.
    """
    watch.recover()
    notices = _notices(broker, monitor)
    log.info("A Strike watches %r", monitor.workspace_name)

    def is_over(seconds: float) -> bool:
        return stop.wait(seconds) or not is_current()

    due = time.monotonic()
    while not is_over(0):
        if time.monotonic() >= due:
            watch.look(is_over)
            due = time.monotonic() + (TICK_SECONDS if watch.unsettled else monitor.listing_seconds)
            succeeded()
        elif notices is None:
            stop.wait(min(TICK_SECONDS, max(0.0, due - time.monotonic())))
        else:
            told = notices.wait(TICK_SECONDS)
            watch.take(told, is_over)
            if watch.unsettled:
                due = min(due, time.monotonic() + TICK_SECONDS)
            if not is_over(0):
                notices.settle()


def _notices(broker: Broker, monitor: StrikeMonitor) -> FileNotices | None:
    return None if monitor.sqs_name is None else broker.notices(monitor.prefix, monitor.sqs_name)
