"""Files that a catalog has, and who made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete

from scale_core.db.models import FileAncestry, ScaleFile, Scan, Strike, Workspace
from scale_core.services.context import Context
from scale_core.services.job_types import JobTypeService
from scale_core.services.products import locate
from scale_core.services.queue import QueueService
from scale_core.services.serialization import SerializerContext

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
BROKER = {"version": "1.0", "broker": {"type": "host", "host_path": "/nowhere"}}
URLS = SerializerContext("http://scale.test")


@dataclass(frozen=True)
class Owners:
    """Ids of Strike processes, of job types, of a job of each, and of a Scan."""

    strikes: Sequence[int]
    job_types: Sequence[int]
    jobs: Sequence[int]
    scan: int


def owners(context: Context) -> Owners:
    """Two Strike processes, a Scan, two job types, with a job each, and two workspaces, of which 1 is on the web."""
    life = {"created": NOON, "last_modified": NOON}
    types = JobTypeService(context)
    interface = {"command": "true", "command_arguments": ""}
    about = {"version": "1.0", "interface": interface, "category": "tests"}
    bodies: list[Any] = [
        {"name": name, **about, "author_name": "Ada", "author_url": "http://ada.example/"} for name in "ab"
    ]
    made = [types.create(body, URLS)["id"] for body in bodies]
    jobs = [QueueService(context).new_job({"job_type_id": one, "job_data": {}}, URLS)["id"] for one in made]
    with context.database.write() as session:
        session.add(Workspace(id=1, name="raw", json_config=BROKER, base_url="http://files/", **life))
        session.add(Workspace(id=2, name="inner", json_config=BROKER, **life))
        rule = {"filename_regex": ".*", "workspace_name": "raw", "workspace_path": "x", "data_types": ["text", "more"]}
        configuration = {"version": "1.0", "mount": "/in", "transfer_suffix": "_tmp", "files_to_ingest": [rule]}
        strikes = [Strike(name=f"strike {name}", configuration=configuration, **life) for name in "ab"]
        looked = {"version": "1.0", "mount": "/old", "files_to_ingest": [{**rule, "data_types": ["old"]}]}
        scan = Scan(name="scan a", configuration=looked, job_id=jobs[0], **life)
        session.add_all([*strikes, scan])
        session.flush()
        return Owners([one.id for one in strikes], made, jobs, scan.id)


def put_file(context: Context, number: int, geo_json: Mapping[str, Any] | None = None, **values: Any) -> int:
    """A file with this id, made at noon unless the values say otherwise."""
    with context.database.write() as session:
        session.add(a_file(context, number, geo_json, **values))
    return number


def a_file(context: Context, number: int, geo_json: Mapping[str, Any] | None = None, **values: Any) -> ScaleFile:
    """A row of such a file: a source file, unless it has a job type."""
    kind = "PRODUCT" if values.get("job_type_id") else "SOURCE"
    product: dict[str, Any] = {"is_published": True, "is_operational": True} if kind == "PRODUCT" else {}
    common: dict[str, Any] = {
        "file_type": kind,
        "workspace_id": 1,
        "file_name": f"{number}.tif",
        "file_path": f"x/{number}.tif",
        "media_type": "image/tiff",
        "file_size": number,
        "checksum": f"sha256:{number:064x}",
        "data_type": [],
        "uuid": f"{number:032}",
        "meta_data": {},
        "countries": [],
        "created": NOON,
        "last_modified": NOON,
    }
    file = ScaleFile(id=number, **common | product | values)
    locate(context, file, geo_json)
    return file


def derive(context: Context, product: int, job: int, *ancestors: int) -> None:
    """Let a product have been made from other files."""
    with context.database.write() as session:
        for ancestor in ancestors:
            link = {"job_id": job, "job_exe_id": 1, "is_direct": True}
            session.add(FileAncestry(ancestor_id=ancestor, descendant_id=product, **link))


def clear_files(context: Context) -> None:
    """Take all files away."""
    with context.database.write() as session:
        session.execute(delete(FileAncestry))
        session.execute(delete(ScaleFile))
