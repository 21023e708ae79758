"""Tells plugins what happened, after the commit; a plugin that fails is logged and harms nobody."""

import logging
from collections.abc import Iterable
from typing import Any

from scale_core.db.database import WriteSession
from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.services.context import Context

log = logging.getLogger(__name__)


def job_status_changed(session: WriteSession, context: Context, change: JobStatusChanged) -> None:
    """Call ``scale_job_status_changed`` after the commit."""
    _call_after(session, context.registry.hook.scale_job_status_changed, change=change)


def job_statuses_changed(session: WriteSession, context: Context, changes: Iterable[JobStatusChanged]) -> None:
    """Call ``scale_job_status_changed`` after the commit for each change; they are made only if a plugin listens."""
    hook = context.registry.hook.scale_job_status_changed
    for change in changes if hook.get_hookimpls() else ():
        _call_after(session, hook, change=change)


def files_ingested(session: WriteSession, context: Context, files: Iterable[FileIngested]) -> None:
    """Call ``scale_file_ingested`` after the commit for each file; they are made only if a plugin listens."""
    hook = context.registry.hook.scale_file_ingested
    for file in files if hook.get_hookimpls() else ():
        _call_after(session, hook, file=file)


def product_published(session: WriteSession, context: Context, product: ProductPublished) -> None:
    """Call ``scale_product_published`` after the commit."""
    _call_after(session, context.registry.hook.scale_product_published, product=product)


def _call_after(session: WriteSession, hook: Any, **arguments: Any) -> None:
    implementations = hook.get_hookimpls()
    if not implementations:
        return

    def call() -> None:
        for implementation in implementations:
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception:  # a plugin may raise anything; what it was told of is committed and stands
                log.exception("Plugin %s failed in %s", implementation.plugin_name, hook.name)

    session.after_commit.append(call)
