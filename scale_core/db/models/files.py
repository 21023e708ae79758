"""Workspaces and the files in them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scale_core.db import collection_extents, country_index, extent_index
from scale_core.db.base import Base, Document, Id, Record, is_any, partial_index
from scale_core.db.models.jobs import Job, JobType
from scale_core.db.models.workspaces import Workspace
from scale_core.db.types import Keyword, Wkb

__all__ = ["FileAncestry", "ScaleFile", "Workspace"]

SOURCE = is_any("file_type", "SOURCE")
UNDATED = "data_started IS NULL AND data_ended IS NULL"


def _published(name: str, *columns: str) -> Index:
    return partial_index(name, *columns, where="is_published", sqlite_where="is_published = 1")


def _unpublished(name: str, *columns: str) -> Index:
    return partial_index(name, *columns, where="NOT is_published", sqlite_where="is_published = 0")


def _of_seer(name: str, seer: str, *columns: str, where: str = "") -> Index:
    """An index of the source files of each Strike, or each Scan, that are not deleted, and fulfil what is said beside
    that.

    :param seer: the column that names it.
    """
    return partial_index(
        name,
        seer,
        *columns,
        where=f"{seer} IS NOT NULL AND NOT is_deleted{where}",
        sqlite_where=f"{seer} IS NOT NULL AND is_deleted = 0{where}",
    )


class ScaleFile(Record):
    """A file that Scale tracks: a source file (``file_type`` SOURCE: ingested) or a product (PRODUCT: made by a job).

    ``geometry`` and ``center_point`` are WKB, WGS 84; ``west`` … ``north`` are the bounding box in degrees; west
    lies east of east if it reaches across the antimeridian.
    ``moving_to`` is set while a file is moved inside its workspace.
    """

    __tablename__ = "scale_file"
    __table_args__ = (
        Index("uq_scale_file_workspace_id_file_path", "workspace_id", "file_path", unique=True),
        Index("ix_scale_file_file_name", "file_name", "file_type", "id"),
        Index("ix_scale_file_workspace_id", "workspace_id", "id"),
        Index("ix_scale_file_workspace_id_last_modified", "workspace_id", "last_modified", "id"),
        Index("ix_scale_file_created", "created", "id"),
        partial_index("ix_scale_file_moving", "id", where="moving_to IS NOT NULL"),
        # Sources are listed parsed and not, products by type and whether operational; unpublished ones are not listed.
        # Whether a file of that name and content is there already.
        partial_index("ix_source_content", "workspace_id", "file_name", "file_size", "checksum", where=SOURCE),
        partial_index("ix_source", "is_parsed", "id", where=SOURCE),
        partial_index("ix_source_last_modified", "is_parsed", "last_modified", "id", where=SOURCE),
        partial_index("ix_source_created", "is_parsed", "created", "id", where=SOURCE),
        partial_index("ix_source_data_started", "data_started", where=f"{SOURCE} AND data_started IS NOT NULL"),
        # Not of sources: nobody looks for theirs, and each would be written at another place of the index.
        _published("ix_product_uuid", "uuid"),
        _published("ix_product", "is_operational", "id"),
        _published("ix_product_last_modified", "is_operational", "last_modified", "id"),
        _published("ix_product_created", "is_operational", "created", "id"),
        _published("ix_product_job_type_id", "job_type_id", "id"),
        _published("ix_product_job_type_id_last_modified", "job_type_id", "last_modified", "id"),
        # The items of a collection of a catalog, and between when those were made whose data has no time; those of a
        # job type are found by ix_product_job_type_id.
        _of_seer("ix_source_strike_id", "strike_id", "id"),
        _of_seer("ix_source_undated", "strike_id", "created", where=f" AND {UNDATED}"),
        _of_seer("ix_source_scan_id", "scan_id", "id"),
        _of_seer("ix_source_scan_undated", "scan_id", "created", where=f" AND {UNDATED}"),
        partial_index(
            "ix_product_undated",
            "job_type_id",
            "created",
            where=f"is_published AND {UNDATED}",
            sqlite_where=f"is_published = 1 AND {UNDATED}",
        ),
        # What retention may delete the content of; published products are found by ix_product_created.
        partial_index(
            "ix_unpublished_kept",
            "unpublished",
            "id",
            where="NOT is_published AND NOT is_deleted",
            sqlite_where="is_published = 0 AND is_deleted = 0",
        ),
        partial_index(
            "ix_source_kept",
            "created",
            "id",
            where=f"{SOURCE} AND NOT is_deleted",
            sqlite_where=f"{SOURCE} AND is_deleted = 0",
        ),
        # The updates of products have the unpublished ones too.
        _unpublished("ix_unpublished", "is_operational", "id"),
        _unpublished("ix_unpublished_last_modified", "is_operational", "last_modified", "id"),
        _unpublished("ix_unpublished_job_type_id", "job_type_id", "id"),
        _unpublished("ix_unpublished_job_type_id_last_modified", "job_type_id", "last_modified", "id"),
    )

    file_type: Mapped[str] = mapped_column(Keyword(10))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    file_path: Mapped[str] = mapped_column(String(1000))
    moving_to: Mapped[str | None] = mapped_column(String(1000))
    media_type: Mapped[str] = mapped_column(String(250))
    file_size: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str | None] = mapped_column(String(80))
    data_type: Mapped[list[str]]
    is_deleted: Mapped[bool] = mapped_column(default=False)
    deleted: Mapped[datetime | None]
    uuid: Mapped[str] = mapped_column(String(32))
    data_started: Mapped[datetime | None]
    data_ended: Mapped[datetime | None]
    geometry: Mapped[bytes | None] = mapped_column(Wkb)
    center_point: Mapped[bytes | None] = mapped_column(Wkb)
    west: Mapped[float | None]
    south: Mapped[float | None]
    east: Mapped[float | None]
    north: Mapped[float | None]
    meta_data: Mapped[Document]
    countries: Mapped[list[str]]

    # Source files
    strike_id: Mapped[int | None] = mapped_column(ForeignKey("strike.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scan.id"))
    is_parsed: Mapped[bool] = mapped_column(default=False)
    parsed: Mapped[datetime | None]

    # Products
    is_operational: Mapped[bool | None]
    is_published: Mapped[bool | None]
    published: Mapped[datetime | None]
    unpublished: Mapped[datetime | None]
    job_type_id: Mapped[int | None] = mapped_column(ForeignKey("job_type.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    # No foreign key: the execution may be archived.
    job_exe_id: Mapped[int | None] = mapped_column(BigInteger)
    job_output: Mapped[str | None] = mapped_column(String(255))

    workspace: Mapped[Workspace] = relationship()
    job_type: Mapped[JobType | None] = relationship()
    job: Mapped[Job | None] = relationship()


extent_index.INDEX.make_with(Base.metadata)
country_index.INDEX.make_with(Base.metadata)
collection_extents.add_table(Base.metadata)


class FileAncestry(Base):
    """``descendant`` was made, by ``job_exe``, from ``ancestor`` (directly, or through other products)."""

    __tablename__ = "file_ancestry"
    __table_args__ = (Index("uq_file_ancestry_ancestor_descendant", "ancestor_id", "descendant_id", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ancestor_id: Mapped[int] = mapped_column(ForeignKey("scale_file.id"))
    descendant_id: Mapped[int] = mapped_column(ForeignKey("scale_file.id"), index=True)
    ancestor: Mapped[ScaleFile] = relationship(foreign_keys=[ancestor_id], viewonly=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    job_exe_id: Mapped[int] = mapped_column(BigInteger)  # as above
    is_direct: Mapped[bool]
