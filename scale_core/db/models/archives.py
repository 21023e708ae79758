"""What retention has taken away, and where it went."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db.base import Base, Id, partial_index
from scale_core.db.types import Json, Keyword


class Archive(Base):
    """A group of logs, executions or files that was archived in one transaction.

    ``file_name`` is the file in the folder of archives that has them; files of workspaces are deleted and have none.
    ``number`` counts executions or files; ``size`` is what they took, in bytes, None for records of executions.
    ``pending`` are the ids of those whose bytes are still to be removed; None: that is done.
    """

    __tablename__ = "archive"
    __table_args__ = (partial_index("ix_archive_pending", "id", where="pending IS NOT NULL"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(Keyword(20))
    file_name: Mapped[str | None] = mapped_column(String(100))
    number: Mapped[int]
    size: Mapped[int | None] = mapped_column(BigInteger)
    created: Mapped[datetime]
    pending: Mapped[list[int] | None] = mapped_column(Json)


class ArchivedExecution(Base):
    """An execution whose record was archived: its id, which is given to no other, and where it is."""

    __tablename__ = "archived_job_exe"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    archive_id: Mapped[int] = mapped_column(ForeignKey("archive.id"))

    archive: Mapped[Archive] = relationship()
