"""Times as reports write them."""

from datetime import UTC, datetime


def now() -> str:
    """The time now as reports write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def timestamp(moment: datetime) -> str:
    """``moment`` in UTC with milliseconds: ``2026-11-23T09:05:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normal_timestamp(text: str | None) -> str | None:
    """A time from a document (ISO-8601 with a time zone) as reports write it."""
    return None if text is None else timestamp(datetime.fromisoformat(text))
