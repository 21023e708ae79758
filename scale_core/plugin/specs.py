"""Every hook that Scale calls. A hook registers, an interface works: these functions only return classes or
small records; behaviour lives in :mod:`scale_core.interfaces`.

A plugin is a module (or object) named in the entry-point group ``scale``; it implements any of these functions,
decorated with :data:`scale_core.plugin.hookimpl`. Hooks grow by added arguments, which pluggy lets old
implementations leave out.

Their bodies are empty (which mypy is told to let pass): pluggy never calls a specification, it reads its signature.
"""

from collections.abc import Sequence

import click

from scale_core.interfaces.broker import Broker
from scale_core.interfaces.clock import ClockProcessor
from scale_core.interfaces.engine import Engine
from scale_core.interfaces.error import ErrorMapper
from scale_core.interfaces.metric import Metric
from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.interfaces.trigger import TriggerType
from scale_core.plugin.markers import hookspec


@hookspec
def scale_register_brokers() -> Sequence[type[Broker]]:  # type: ignore[empty-body]
    """Register kinds of storage.

    :return: broker classes; a workspace names one by its ``type_name``.
    """


@hookspec
def scale_register_trigger_types() -> Sequence[type[TriggerType]]:  # type: ignore[empty-body]
    """Register kinds of trigger rules.

    :return: trigger type classes; a trigger rule names one by its ``name``.
    """


@hookspec
def scale_register_error_mappers() -> Sequence[type[ErrorMapper]]:  # type: ignore[empty-body]
    """Register builtin errors and how failures become errors.

    :return: error mapper classes; the first that answers for a failure decides, later registered ones first.
    """


@hookspec
def scale_register_engines() -> Sequence[type[Engine]]:  # type: ignore[empty-body]
    """Register what runs executions.

    :return: engine classes; the setting ``engine`` names one by its ``name``.
    """


@hookspec
def scale_register_clock_processors() -> Sequence[ClockProcessor]:  # type: ignore[empty-body]
    """Register named functions that clock rules run.

    :return: clock processors; one with a schedule gets a clock rule of its name when Scale first starts.
    """


@hookspec
def scale_register_metrics() -> Sequence[Metric]:  # type: ignore[empty-body]
    """Register kinds of daily numbers.

    :return: metrics; each is computed for every day, and served below ``/metrics/`` by its ``name``.
    """


@hookspec
def scale_register_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Add commands to ``scale``.

    :return: click commands or groups.
    """


@hookspec
def scale_job_status_changed(change: JobStatusChanged) -> None:
    """Called after the transaction that changed a job's status is committed.

    :param change: which job, from which status to which.
    """


@hookspec
def scale_file_ingested(file: FileIngested) -> None:
    """Called after the transaction that made a source file is committed.

    :param file: the new source file.
    """


@hookspec
def scale_product_published(product: ProductPublished) -> None:
    """Called after the transaction that published a product is committed.

    :param product: the new product.
    """
