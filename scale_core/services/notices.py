"""Tells plugins what happened, after the commit; a plugin that fails is logged and harms nobody."""

import logging
from collections.abc import Mapping
from typing import Any

from scale_core.db.database import WriteSession
from scale_core.interfaces.notice import FileIngested, JobStatusChanged, ProductPublished
from scale_core.services.context import Context

log = logging.getLogger(__name__)


def job_status_changed(session: WriteSession, context: Context, change: JobStatusChanged) -> None:
    """Call ``scale_job_status_changed`` after the commit."""
    about = {"job_id": change.job_id, "job_type": change.job_type_name}
    _call_after(session, context.registry.hook.scale_job_status_changed, about, change=change)


def file_ingested(session: WriteSession, context: Context, file: FileIngested) -> None:
    """Call ``scale_file_ingested`` after the commit."""
    about = {"file_id": file.file_id, "file_name": file.file_name}
    _call_after(session, context.registry.hook.scale_file_ingested, about, file=file)


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
