"""What an execution produced: products with their provenance, and what it found out about source files."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scale_core.db.database import WriteSession
from scale_core.db.models import FileAncestry, Job, JobExecution, ScaleFile, Workspace
from scale_core.domain.job_data import referenced_file_ids
from scale_core.domain.results import job_results
from scale_core.interfaces.notice import ProductPublished
from scale_core.services import notices
from scale_core.services.context import Context
from scale_core.services.geometries import footprint
from scale_core.services.moves import ask_for_move, fire_parsed
from scale_generated.specs.execution_report import ExecutionReport, ReportFile, ReportParseResult
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults

log = logging.getLogger(__name__)


def record_results(
    session: WriteSession, context: Context, execution: JobExecution, report: ExecutionReport
) -> JobResults:
    """Register the products and parse results of a completed execution, in the caller's transaction."""
    parents = _Parents.of(session, execution.job)
    results = _record_products(session, context, execution, report, parents)
    for parsed in report.parse_results:
        _record_parse_result(session, context, execution.job, parsed)
    return results


@dataclass(frozen=True, slots=True)
class _Parents:
    """The files that a job was given (by id), and all the files that those were made from."""

    uuids: Mapping[int, str]
    ancestors: frozenset[int]
    all_operational: bool

    @classmethod
    def of(cls, session: Session, job: Job) -> "_Parents":
        ids = referenced_file_ids(JobData.from_document(job.data))
        if not ids:
            return cls({}, frozenset(), True)
        rows = session.execute(
            select(ScaleFile.id, ScaleFile.uuid, ScaleFile.is_operational).where(ScaleFile.id.in_(ids))
        ).all()
        above = session.scalars(select(FileAncestry.ancestor_id).where(FileAncestry.descendant_id.in_(ids)))
        operational = all(row.is_operational is not False for row in rows)
        return cls({row.id: row.uuid for row in rows}, frozenset(above) - ids, operational)


def _record_products(
    session: WriteSession, context: Context, execution: JobExecution, report: ExecutionReport, parents: _Parents
) -> JobResults:
    interface = JobInterface.from_document(execution.job.job_type_rev.interface)
    workspaces = _workspaces_by_name(session, {file.workspace for one in report.outputs for file in one.files})
    file_ids = {}
    for output in report.outputs:
        products = [
            _product(context, execution, output.name, number, file, workspaces[file.workspace], parents)
            for number, file in enumerate(output.files)
        ]
        _publish(session, context, execution, products, parents)
        file_ids[output.name] = [product.id for product in products]
    return job_results(interface, file_ids)


def _product(
    context: Context,
    execution: JobExecution,
    output: str,
    number: int,
    file: ReportFile,
    workspace: Workspace,
    parents: _Parents,
) -> ScaleFile:
    now, job = context.now(), execution.job
    product = ScaleFile(
        file_type="PRODUCT",
        workspace=workspace,
        file_name=file.file_name,
        file_path=file.path,
        media_type=file.media_type,
        file_size=file.size,
        checksum=file.checksum,
        data_type=sorted(set(file.data_types)),
        uuid=_stable_uuid(job, output, number, parents),
        data_started=_moment(file.data_started),
        data_ended=_moment(file.data_ended),
        meta_data={},
        countries=[],
        is_operational=job.job_type.is_operational and parents.all_operational,
        is_published=True,
        published=now,
        job_type_id=job.job_type_id,
        job_id=job.id,
        job_exe_id=execution.id,
        job_output=output,
        created=now,
        last_modified=now,
    )
    locate(context, product, file.geo_json)
    return product


def _publish(
    session: WriteSession,
    context: Context,
    execution: JobExecution,
    products: Sequence[ScaleFile],
    parents: _Parents,
) -> None:
    """Save products; earlier ones with the same uuid are superseded and no longer published."""
    now = context.now()
    session.execute(
        update(ScaleFile)
        .where(ScaleFile.uuid.in_([product.uuid for product in products]), ScaleFile.is_published.is_(True))
        .values(is_published=False, unpublished=now, last_modified=now)
    )
    session.add_all(products)
    session.flush()
    for product in products:
        session.add_all(_ancestry(product, execution, parents))
        notices.product_published(
            session,
            context,
            ProductPublished(
                product.id,
                product.file_name,
                product.workspace.name,
                product.file_path,
                product.media_type,
                execution.job_id,
            ),
        )


def _ancestry(product: ScaleFile, execution: JobExecution, parents: _Parents) -> list[FileAncestry]:
    links = [(file_id, True) for file_id in sorted(parents.uuids)]
    links += [(file_id, False) for file_id in sorted(parents.ancestors)]
    return [
        FileAncestry(
            ancestor_id=file_id,
            descendant_id=product.id,
            job_id=execution.job_id,
            job_exe_id=execution.id,
            is_direct=direct,
        )
        for file_id, direct in links
    ]


def _stable_uuid(job: Job, output: str, number: int, parents: _Parents) -> str:
    """The same for the same output of the same inputs, however often they are processed."""
    data = JobData.from_document(job.data)
    inputs = [
        [one.name, one.value, [parents.uuids.get(file_id) for file_id in sorted(_file_ids(one.file_id, one.file_ids))]]
        for one in sorted(data.input_data, key=lambda given: given.name)
    ]
    identity = [job.job_type.name, job.job_type.version, output, number, inputs]
    if not inputs:
        identity.append(job.id)  # without inputs nothing says that two jobs are about the same thing
    return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()


def _file_ids(file_id: int | None, file_ids: Sequence[int] | None) -> Sequence[int]:
    return (file_id,) if file_id is not None else tuple(file_ids or ())


def _record_parse_result(session: WriteSession, context: Context, job: Job, parsed: ReportParseResult) -> None:
    file = session.get(ScaleFile, parsed.file_id)
    if file is None or file.is_deleted:
        about = {"job_id": job.id, "job_type": job.job_type.name, "file_id": parsed.file_id}
        log.warning("A job parsed a file that is deleted by now; what it found is dropped", extra=about)
        return
    now = context.now()
    file.data_type = sorted({*file.data_type, *parsed.data_types})
    file.data_started = _moment(parsed.data_started) or file.data_started
    file.data_ended = _moment(parsed.data_ended) or file.data_ended
    locate(context, file, parsed.geo_json)
    file.is_parsed, file.parsed, file.last_modified = True, now, now
    destination = _moved_path(file, parsed.new_workspace_path)
    if destination == file.file_path:
        fire_parsed(session, context, file)
    else:
        ask_for_move(session, context, file, destination)


def locate(context: Context, file: ScaleFile, geo_json: Mapping[str, object] | None) -> None:
    """Give a file the footprint, centre, countries and properties of a GeoJSON object; None leaves it as it is."""
    if geo_json is None:
        return
    found = footprint(geo_json)
    if found is None:
        return
    file.geometry, file.center_point = found.wkb, found.center_wkb
    file.west, file.south, file.east, file.north = found.west, found.south, found.east, found.north
    file.countries = context.boundaries.countries_of(found.wkb)
    file.meta_data = {**(file.meta_data or {}), **found.properties}


def _moved_path(file: ScaleFile, new_workspace_path: str | None) -> str:
    """``new_workspace_path`` names the new folder, or the whole new path if it ends with the file's name."""
    if new_workspace_path is None:
        return file.file_path
    path = new_workspace_path.strip("/")
    if path.rpartition("/")[2] == file.file_name:
        return path
    return f"{path}/{file.file_name}" if path else file.file_name


def _workspaces_by_name(session: Session, names: set[str]) -> dict[str, Workspace]:
    if not names:
        return {}
    return {one.name: one for one in session.scalars(select(Workspace).where(Workspace.name.in_(names)))}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
