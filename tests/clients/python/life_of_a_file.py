"""The life of a file, as a user's program sees it through a client that openapi-python-client generated.

Arguments: the address of Scale, and a folder with the scripts ``copy.sh`` and ``hold.sh`` (see conftest.py).
``SCALE_TOKEN`` is a token of an admin.
"""

import os
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from scale_client import AuthenticatedClient
from scale_client.api.configuration import export_configuration, import_configuration, validate_configuration
from scale_client.api.files import get_file_content
from scale_client.api.ingests import get_ingest
from scale_client.api.job_executions import get_job_execution, get_job_execution_log
from scale_client.api.job_types import create_job_type, get_job_type
from scale_client.api.jobs import edit_job, get_job, list_jobs
from scale_client.api.products import get_product, list_products
from scale_client.api.queue import queue_job, requeue_jobs
from scale_client.api.strikes import create_strike
from scale_client.api.workspaces import create_workspace
from scale_client.models import (
    CancelStatus,
    ChangedJobs,
    Configuration,
    ConfigurationExport,
    ConfigurationImport,
    IngestDetails,
    IngestStatus,
    JobData,
    JobDetails,
    JobEdit,
    JobExecutionDetails,
    JobExecutionStatus,
    JobInterface,
    JobPage,
    JobStatus,
    JobTypeDetails,
    LogStream,
    NewJob,
    NewJobType,
    NewStrike,
    NewTriggerRule,
    NewWorkspace,
    Problem,
    Product,
    ProductDetails,
    ProductPage,
    RequeueJobs,
    ScaleFile,
    StrikeConfiguration,
    StrikeDetails,
    TriggerRuleConfiguration,
    ValidationResult,
    WorkspaceConfiguration,
    WorkspaceDetails,
)
from scale_client.types import File

T = TypeVar("T")
PATIENCE_SECONDS = 60


def answered(kind: type[T], answer: object) -> T:
    """The answer, which must be of this kind and no problem."""
    if not isinstance(answer, kind):
        raise SystemExit(f"{kind.__name__} was expected, not {answer}")
    return answer


def wait(look: Callable[[], T | None]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"in vain: {look}")
        time.sleep(0.05)
    return found


def make_workspace(client: AuthenticatedClient, folder: Path, name: str) -> None:
    configuration = {"version": "1.0", "broker": {"type": "host", "host_path": str(folder / name)}}
    body = NewWorkspace(name=name, json_config=WorkspaceConfiguration.from_dict(configuration))
    made = answered(WorkspaceDetails, create_workspace.sync(client=client, body=body))
    assert (made.name, made.title, made.archived) == (name, None, None)
    taken = create_workspace.sync_detailed(client=client, body=body)
    assert taken.status_code == HTTPStatus.CONFLICT
    assert name in answered(Problem, taken.parsed).detail


def make_copy_type(client: AuthenticatedClient, folder: Path) -> JobTypeDetails:
    interface = {
        "version": "1.0",
        "command": "sh",
        "command_arguments": f"{folder / 'copy.sh'} ${{text}} ${{job_output_dir}}",
        "input_data": [{"name": "text", "type": "file"}],
        "output_data": [{"name": "copy", "type": "file"}],
    }
    data = {"input_data_name": "text", "workspace_name": "products"}
    rule = {"version": "1.0", "condition": {"data_types": ["note"]}, "data": data}
    body = NewJobType(
        name="copy",
        version="1.0",
        interface=JobInterface.from_dict(interface),
        trigger_rule=NewTriggerRule(type_="INGEST", configuration=TriggerRuleConfiguration.from_dict(rule)),
    )
    made = answered(JobTypeDetails, create_job_type.sync(client=client, body=body))
    assert made.trigger_rule is not None
    assert made.trigger_rule.type_ == "INGEST"
    return made


def drop_file(client: AuthenticatedClient, folder: Path) -> None:
    incoming = folder / "incoming"
    incoming.mkdir()
    rule = {"filename_regex": r".*\.txt", "workspace_path": "notes", "workspace_name": "raw", "data_types": ["note"]}
    configuration = {"version": "1.0", "mount": str(incoming), "transfer_suffix": "_tmp", "files_to_ingest": [rule]}
    body = NewStrike(name="notes", configuration=StrikeConfiguration.from_dict(configuration))
    strike = answered(StrikeDetails, create_strike.sync(client=client, body=body))
    assert strike.configuration["mount"] == str(incoming)
    (incoming / "a.txt_tmp").write_text("hello\n")
    (incoming / "a.txt_tmp").rename(incoming / "a.txt")

    def ingested() -> IngestDetails | None:
        found = get_ingest.sync("a.txt", client=client)
        return found if isinstance(found, IngestDetails) and found.status is IngestStatus.INGESTED else None

    ingest = wait(ingested)
    assert ingest.source_file is not None
    assert ingest.source_file.file_name == "a.txt"
    assert ingest.ingest_ended is not None
    assert ingest.ingest_ended.tzinfo is not None


def in_status(client: AuthenticatedClient, job_id: int, status: JobStatus) -> JobDetails:
    def look() -> JobDetails | None:
        job = answered(JobDetails, get_job.sync(job_id, client=client))
        return job if job.status is status else None

    return wait(look)


def watch_job(client: AuthenticatedClient) -> JobDetails:
    def completed() -> int | None:
        page = list_jobs.sync(client=client, job_type_name=["copy"], status=JobStatus.COMPLETED)
        return next((job.id for job in answered(JobPage, page).results), None)

    job = answered(JobDetails, get_job.sync(wait(completed), client=client))
    (given,), (made,) = job.inputs, job.outputs
    assert isinstance(given.value, ScaleFile)
    assert isinstance(made.value, Product)
    assert given.value.file_name == "a.txt"
    assert made.value.file_name == "copy.txt"
    assert job.error is None
    return job


def read_products(client: AuthenticatedClient, job: JobDetails) -> None:
    page = answered(ProductPage, list_products.sync(client=client, job_type_name=["copy"], order=["-created"]))
    assert (page.count, page.next_) == (1, None)
    place, lands = "POINT (178 -18)", ["FJI", "NZL"]
    located = list_products.sync(
        client=client, bbox="170,-20,-175,-10", geometry=place, countries=lands, data_started="P1D"
    )
    assert answered(ProductPage, located).count == 0  # it has no footprint
    details = answered(ProductDetails, get_product.sync(str(page.results[0].id), client=client))
    assert [source.file_name for source in details.sources] == ["a.txt"]
    assert [product.id for product in job.products] == [details.id]
    content = answered(File, get_file_content.sync(details.id, client=client))
    assert content.payload.read() == b"copied hello\n"
    part = get_file_content.sync_detailed(details.id, client=client, range_="bytes=0-5")
    assert part.status_code == HTTPStatus.PARTIAL_CONTENT
    assert answered(File, part.parsed).payload.read() == b"copied"


def follow_jobs(client: AuthenticatedClient) -> None:
    """One by one, by the cursor in the link to the next page, they are those of one page; new ones come at the end."""
    whole = answered(JobPage, list_jobs.sync(client=client, order=["created"]))
    page = answered(JobPage, list_jobs.sync(client=client, order=["created"], page_size=1))
    found = [*page.results]
    while page.next_ is not None:
        (cursor,) = parse_qs(urlsplit(page.next_).query)["cursor"]
        page = answered(JobPage, list_jobs.sync(client=client, order=["created"], page_size=1, cursor=cursor))
        found += page.results
    assert len(whole.results) > 1
    assert [job.id for job in found[: len(whole.results)]] == [job.id for job in whole.results]


def cancel_and_requeue(client: AuthenticatedClient, folder: Path) -> None:
    interface = {"version": "1.0", "command": "sh", "command_arguments": f"{folder / 'hold.sh'} {folder / 'go'}"}
    body = NewJobType(name="hold", version="1.0", interface=JobInterface.from_dict(interface))
    job_type = answered(JobTypeDetails, create_job_type.sync(client=client, body=body))
    queued = queue_job.sync(client=client, body=NewJob(job_type_id=job_type.id, job_data=JobData()))
    job = in_status(client, answered(JobDetails, queued).id, JobStatus.RUNNING)
    canceled = edit_job.sync(job.id, client=client, body=JobEdit(status=CancelStatus.CANCELED))
    assert answered(JobDetails, canceled).status is JobStatus.CANCELED

    def stopped() -> bool | None:
        execution = answered(JobExecutionDetails, get_job_execution.sync(job.job_exes[0].id, client=client))
        return True if execution.status is JobExecutionStatus.CANCELED else None

    wait(stopped)
    (folder / "go").touch()
    requeued = answered(ChangedJobs, requeue_jobs.sync(client=client, body=RequeueJobs(job_ids=[job.id])))
    assert [one.id for one in requeued.results] == [job.id]
    again = in_status(client, job.id, JobStatus.COMPLETED)
    assert again.num_exes == len(again.job_exes) == 2
    log = get_job_execution_log.sync(again.job_exes[0].id, LogStream.STDOUT, client=client)
    assert answered(str, log) == "gone\n"


def export_and_import(client: AuthenticatedClient, copy_type: JobTypeDetails) -> None:
    exported = answered(ConfigurationExport, export_configuration.sync(client=client))
    assert [record["name"] for record in exported.job_types] == ["copy", "hold"]
    exported.job_types[0]["title"] = "Copies"
    body = ConfigurationImport(import_=Configuration.from_dict(exported.to_dict()))
    checked = answered(ValidationResult, validate_configuration.sync(client=client, body=body))
    imported = answered(ValidationResult, import_configuration.sync(client=client, body=body))
    assert checked.warnings == imported.warnings == []
    assert answered(JobTypeDetails, get_job_type.sync(copy_type.id, client=client)).title == "Copies"
    again = answered(ConfigurationExport, export_configuration.sync(client=client))
    assert again.to_dict() == exported.to_dict()


def main(address: str, place: str) -> None:
    folder = Path(place)
    token = os.environ["SCALE_TOKEN"]
    with AuthenticatedClient(base_url=address, token=token, raise_on_unexpected_status=True) as client:
        make_workspace(client, folder, "raw")
        make_workspace(client, folder, "products")
        copy_type = make_copy_type(client, folder)
        drop_file(client, folder)
        read_products(client, watch_job(client))
        cancel_and_requeue(client, folder)
        follow_jobs(client)
        export_and_import(client, copy_type)
    print("the whole life")


if __name__ == "__main__":
    main(*sys.argv[1:])
