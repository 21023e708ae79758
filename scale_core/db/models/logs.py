"""Where the logs of executions are that have left the place where they were written."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from scale_core.db.base import Base, Id


class StoredLog(Base):
    """An execution whose logs are in a workspace, and how many bytes each has. Those of others are where their engine
    keeps them."""

    __tablename__ = "stored_log"

    # Of the execution; its record may be archived before its logs are.
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    stdout_size: Mapped[int] = mapped_column(BigInteger)
    stderr_size: Mapped[int] = mapped_column(BigInteger)
