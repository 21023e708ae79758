"""The audit list: who changed what, and when."""

from dataclasses import replace
from typing import Final

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import AuditRecord
from scale_core.services.context import Context
from scale_core.services.exceptions import invalid
from scale_core.services.listing import Listing, ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListAuditRecordsQuery

RECORDS: Final[Listing[models.AuditRecord]] = Listing(
    Shape(AuditRecord, serializers.AUDIT_RECORD_COLUMNS), serializers.audit_record, serializers.AUDIT_RECORD_ORDER
)
NEWEST_FIRST: Final = ("-occurred",)


class AuditService:
    """Lists what was changed."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListAuditRecordsQuery, urls: SerializerContext) -> ListPage[models.AuditRecord]:
        """One page of changes, newest first where no order is asked for; the time range selects by when they were.

        :raises Invalid: there is an id without saying of what.
        """
        where: list[Condition] = []
        if query.user:
            where.append(one_of("user_name", query.user))
        if query.operation:
            where.append(one_of("operation", query.operation))
        if query.object_type is not None:
            where.append(equal("object_type", query.object_type))
        if query.object_id is not None:
            if query.object_type is None:
                raise invalid("object_id", "An id is one of each kind of thing: say object_type, too.")
            where.append(equal("object_id", query.object_id))
        ordered = query if query.order else replace(query, order=NEWEST_FIRST)
        with self._context.database.read() as session:
            return RECORDS.page(session, ordered, where, urls, self._context.now(), "occurred")
