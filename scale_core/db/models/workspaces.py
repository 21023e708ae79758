"""Workspaces: places that store files."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from scale_core.db.base import Document, Record


class Workspace(Record):
    """A place that stores files through a broker. Sizes are bytes, None while unknown."""

    __tablename__ = "workspace"

    name: Mapped[str] = mapped_column(String(50), unique=True)
    title: Mapped[str | None]
    description: Mapped[str | None]
    base_url: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    used_size: Mapped[int | None] = mapped_column(BigInteger)
    total_size: Mapped[int | None] = mapped_column(BigInteger)
    json_config: Mapped[Document]
    archived: Mapped[datetime | None]
