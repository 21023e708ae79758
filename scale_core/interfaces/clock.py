"""Clock processors: named functions that clock rules run (reference: Clock Triggers)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from scale_core.interfaces.broker import Broker, StorageUsage

T = TypeVar("T")


class ClockContext(Protocol):
    """What a clock processor may use while it runs."""

    @property
    def occurred(self) -> datetime:
        """When the rule fired (UTC)."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The ``parameters`` in the rule's configuration; valid against the processor's ``parameters_spec``."""

    def workspaces(self) -> Mapping[str, Broker]:
        """Brokers of the active workspaces by workspace name."""

    def ask(self, workspace_name: str, question: Callable[[Broker], T]) -> T:
        """What the storage of an active workspace answers to ``question``, which may take a while; one that hangs is
        waited for no longer than the setting ``content_seconds`` says, and is not asked anew until it has answered.

        :raises BrokerError: it cannot be used, or does not answer.
        :raises KeyError: there is no such active workspace.
        """

    def record_usage(self, workspace_name: str, usage: StorageUsage) -> None:
        """Keep a workspace's used and total space, as that of now and of today."""

    def record_job_load(self) -> None:
        """Keep how many jobs wait and run now."""

    def compute_metrics(self) -> None:
        """Bring the numbers of all metrics up to date: today's, and those of days that were missed."""

    def archive(self, parameters: Mapping[str, Any]) -> None:
        """Archive executions and their logs, and delete the content of files, that are older than the document
        ``retention`` in ``parameters`` says. What the end of Scale interrupts is gone on with the next time."""


@dataclass(frozen=True, slots=True)
class ClockProcessor:
    """A function that clock rules named ``name`` run.

    It runs in a thread of its own and never twice at once. A run that the end of Scale interrupts is done again at the
    next start, once, with the same ``occurred``: what the function does should come to the same when it is done twice.
    Where a run takes longer than the period, the firings that it has no time for are left out, but for the last.

    :param name: the name of the rules that run it.
    :param title: for people.
    :param run: the function; an exception it raises is logged and the rule fires again at its next time.
    :param event_type: type of the events its own rule records.
    :param schedule: ISO-8601 period of hours, minutes and seconds for its own rule; None: rules are made by users.
    :param keeps_events: False: the event of a firing takes the place of the last one, and is logged at DEBUG. For what
        is done so often that its events would be most of all.
    :param parameters_spec: the document in ``specs/`` that its rules' ``parameters`` follow; None: they have none.
    :param is_active: False: its own rule rests until somebody sets it going.
    """

    name: str
    title: str
    run: Callable[[ClockContext], None]
    event_type: str
    schedule: str | None = None
    keeps_events: bool = True
    parameters_spec: str | None = None
    is_active: bool = True
