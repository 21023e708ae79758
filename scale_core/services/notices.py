"""Tells plugins what happened, after the commit; a plugin that fails is logged and harms nobody."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from scale_core.db.database import WriteSession
from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.services.context import Context

log = logging.getLogger(__name__)


def job_status_changed(session: WriteSession, context: Context, change: JobStatusChanged) -> None:
    """Call ``scale_job_status_changed`` after the commit."""
    about = {"job_id": change.job_id, "job_type": change.job_type_name}
    _call_after(session, context.registry.hook.scale_job_status_changed, about, change=change)


def job_statuses_changed(session: WriteSession, context: Context, changes: Iterable[JobStatusChanged]) -> None:
    """Call ``scale_job_status_changed`` after the commit for each change; they are made only if a plugin listens."""
    if context.registry.hook.scale_job_status_changed.get_hookimpls():
        for change in changes:
            job_status_changed(session, context, change)


def files_ingested(session: WriteSession, context: Context, files: Iterable[FileIngested]) -> None:
    """Call ``scale_file_ingested`` after the commit for each file; they are made only if a plugin listens."""
    hook = context.registry.hook.scale_file_ingested
    for file in files if hook.get_hookimpls() else ():
        about = {"file_id": file.file_id, "file_name": file.file_name}
        _call_after(session, hook, about, file=file)


def product_published(session: WriteSession, context: Context, product: ProductPublished) -> None:
    """Call ``scale_product_published`` after the commit."""
    about = {"file_id": product.file_id, "file_name": product.file_name, "job_id": product.job_id}
    _call_after(session, context.registry.hook.scale_product_published, about, product=product)


def _call_after(session: WriteSession, hook: Any, about: Mapping[str, object], **arguments: Any) -> None:
    implementations = hook.get_hookimpls()
    if not implementations:
        return

    def call() -> None:
        for implementation in implementations:
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception:  # a plugin may raise anything; what it was told of is committed and stands
                log.exception(
                    "The plugin %s failed in %s; what it was told of stands",
                    implementation.plugin_name,
                    hook.name,
                    extra=about,
                )

    session.after_commit.append(call)
