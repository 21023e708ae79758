"""Ingests as clients see them (reference: Ingest Services)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, of_related
from scale_core.db.listing import Order, Page, Shape
from scale_core.db.models import Ingest, ScaleFile, Strike
from scale_core.domain.times import TimeRange, time_range
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.file_searches import search_conditions
from scale_core.services.listing import Listing, ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.enums import IngestStatus
from scale_generated.queries import ListIngestsQuery, ListIngestStatusQuery

INGESTS: Listing[models.Ingest] = Listing(
    Shape(Ingest, serializers.INGEST_COLUMNS), serializers.ingest, serializers.INGEST_ORDER
)
DETAILS = Shape(Ingest, serializers.INGEST_DETAILS_COLUMNS)
STRIKES = Shape(Strike, serializers.STRIKE_COLUMNS)

STATUS_SPAN = timedelta(days=7)
STATUS_MAX_DAYS = 31
MAX_ID = 2**63 - 1


class IngestService:
    """Lists, details and statistics of ingests."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListIngestsQuery, urls: SerializerContext) -> ListPage[models.Ingest]:
        """One page of ingests."""

        where: list[Condition] = []
        if query.status is not None:
            where.append(equal("status", query.status))
        if query.scan_id is not None:
            where.append(equal("scan_id", query.scan_id))
        now = self._context.now()
        where += [of_related("source_file", one) for one in search_conditions(query, now)]

        with self._context.database.read() as session:
            return INGESTS.page(session, query, where, urls, now)

    def get(self, key: str, urls: SerializerContext) -> models.IngestDetails:
        """An ingest by id, or the newest one of a file name; all digits are an id (endpoints: Settled 15).

        :raises NotFound: there is no such ingest.
        """

        where: list[Condition] = []
        if key.isascii() and key.isdigit():
            where.append(equal("id", min(int(key[:19]), MAX_ID)))
        else:
            where.append(equal("file_name", key))

        with self._context.database.read() as session:
            rows = DETAILS.rows(session, where, [Order("id", descending=True)], Page(1, 1))
        if not rows:
            raise NotFound("ingest", key)
        return serializers.ingest_details(rows[0], urls)

    def status(self, query: ListIngestStatusQuery, urls: SerializerContext) -> ListPage[models.IngestStatistics]:
        """Strike processes with their completed ingests by hour: of the time of the data, or of the time when Strike
        registered the file (``use_ingest_time``). A file without a data time is only counted by the latter.

        :raises InvalidTime: the range is no range, or longer than 31 days.
        """
        span = time_range(
            query.started, query.ended, self._context.now(), max_days=STATUS_MAX_DAYS, default=STATUS_SPAN
        )
        with self._context.database.read() as session:
            count = STRIKES.count(session)
            rows = STRIKES.rows(session, order=[Order("id")], page=Page(query.page, query.page_size))
            strikes = [serializers.strike(row, urls) for row in rows]
            ids = [strike["id"] for strike in strikes]
            slots = self._slots(session, ids, span, use_ingest_time=query.use_ingest_time)
            latest = _latest(session, ids)
        results = [_statistics(one, slots.get(one["id"], []), latest.get(one["id"])) for one in strikes]
        return ListPage(count, results)

    def _slots(
        self, session: Session, strike_ids: Sequence[int], span: TimeRange, *, use_ingest_time: bool
    ) -> dict[int, Sequence[models.IngestSlot]]:
        time: Any = Ingest.created if use_ingest_time else ScaleFile.data_started
        # By the index on the time, not by that on the Strike process, which has all that it ever ingested.
        strike_id = Ingest.strike_id if use_ingest_time else Ingest.strike_id + 0
        hour = self._hour(time).label("hour")
        statement = (
            select(Ingest.strike_id, hour, func.count().label("files"), func.sum(Ingest.file_size).label("size"))
            .join(ScaleFile, Ingest.source_file_id == ScaleFile.id)
            .where(strike_id.in_(strike_ids), Ingest.status == IngestStatus.INGESTED, ScaleFile.file_type == "SOURCE")
            .where(time >= span.started, time <= span.ended)
            .group_by(Ingest.strike_id, hour)
            .order_by(Ingest.strike_id, hour)
        )
        found: dict[int, list[models.IngestSlot]] = {}
        for row in session.execute(statement):
            start = datetime.strptime(row.hour, "%Y-%m-%d %H").replace(tzinfo=UTC)
            slot: models.IngestSlot = {
                "time": SerializerContext.moment(start) or "",
                "files": row.files,
                "size": int(row.size),
            }
            found.setdefault(row.strike_id, []).append(slot)
        return dict(found)

    def _hour(self, time: ColumnElement[datetime]) -> ColumnElement[str]:
        """``YYYY-MM-DD HH`` of a time, in UTC."""
        if self._context.database.is_sqlite:
            return func.substr(type_coerce(time, String), 1, 13)
        return func.to_char(func.timezone("UTC", time), "YYYY-MM-DD HH24")


def _latest(session: Session, strike_ids: Sequence[int]) -> dict[int, datetime | None]:
    """When each Strike process last completed an ingest."""
    # A look-up for each: grouping would read all that was ever ingested.
    last = (
        select(func.max(Ingest.ingest_ended))
        .where(Ingest.strike_id == Strike.id, Ingest.status == IngestStatus.INGESTED)
        .scalar_subquery()
    )
    rows = session.execute(select(Strike.id, last).where(Strike.id.in_(strike_ids)))
    return dict(rows.all())


def _statistics(
    strike: models.Strike, slots: Sequence[models.IngestSlot], latest: datetime | None
) -> models.IngestStatistics:
    return {
        "strike": strike,
        "most_recent": SerializerContext.moment(latest),
        "files": sum(slot["files"] for slot in slots),
        "size": sum(slot["size"] for slot in slots),
        "values": [*slots],
    }
