"""What each operation promises, on a real database, without anything running."""

import copy
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from fakes import documents
from fakes.documents import created, pointers
from scale_core.db.models import ScaleFile
from scale_core.services.context import Context
from scale_core.services.products import locate


@pytest.fixture
def source(http: httpx.Client, served_context: Context, workspace: dict[str, Any], tmp_path: Path) -> int:
    """The id of a source file of ten bytes."""
    (tmp_path / "products" / "a.txt").write_bytes(b"0123456789")
    now = served_context.now()
    with served_context.database.write() as session:
        session.execute(
            insert(ScaleFile).values(
                id=7,
                file_type="SOURCE",
                workspace_id=workspace["id"],
                file_name="a.txt",
                file_path="a.txt",
                media_type="text/plain",
                file_size=10,
                checksum="sha256:" + "0" * 64,
                data_type=[],
                uuid="0" * 32,
                meta_data={},
                countries=[],
                created=now,
                last_modified=now,
            )
        )
    return 7


def test_an_error_is_created_listed_and_edited(http: httpx.Client) -> None:
    body = {"name": "bad-data", "title": "Bad", "description": "It is bad.", "category": "DATA"}
    error = created(http.post("/errors/", json=body))
    assert body.items() <= error.items()
    assert http.post("/errors/", json=body).status_code == 409
    edited = http.patch(f"/errors/{error['id']}/", json={"title": "Worse"}).json()
    assert (edited["title"], edited["description"]) == ("Worse", "It is bad.")
    assert http.get("/errors/?order=-id").json()["results"][0] == edited


def test_a_builtin_error_cannot_be_changed(http: httpx.Client) -> None:
    builtin = http.get("/errors/").json()["results"][0]
    assert http.patch(f"/errors/{builtin['id']}/", json={"title": "Mine"}).status_code == 400


def test_a_workspace_is_created_and_archived(http: httpx.Client, workspace: dict[str, Any]) -> None:
    archived = http.patch(f"/workspaces/{workspace['id']}/", json={"is_active": False}).json()
    assert archived["archived"] is not None
    assert archived["is_active"] is False
    again = http.patch(f"/workspaces/{workspace['id']}/", json={"is_active": True}).json()
    assert again["archived"] is None


def test_a_workspace_has_the_sizes_of_its_storage_from_the_start(
    http: httpx.Client, workspace: dict[str, Any], tmp_path: Path
) -> None:
    assert 0 < workspace["used_size"] < workspace["total_size"]
    body = {**documents.workspace("later", tmp_path / "later"), "is_active": False}
    later = created(http.post("/workspaces/", json=body))
    assert (later["used_size"], later["total_size"]) == (None, None)
    active = http.patch(f"/workspaces/{later['id']}/", json={"is_active": True}).json()
    assert active["total_size"] == workspace["total_size"]


def test_nothing_new_goes_to_an_archived_workspace(
    http: httpx.Client, workspace: dict[str, Any], source: int, tmp_path: Path
) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    http.patch(f"/workspaces/{workspace['id']}/", json={"is_active": False})
    refused = http.post("/queue/new-job/", json=new_job(job_type, workspace, file_id=source))
    assert pointers(refused) == ["/job_data/output_data/0/workspace_id"]
    file = {"filename_regex": ".*", "workspace_name": "products", "workspace_path": "x"}
    strike = {"version": "1.0", "mount": str(tmp_path), "transfer_suffix": "_tmp", "files_to_ingest": [file]}
    refused = http.post("/strikes/", json={"name": "s", "configuration": strike})
    assert pointers(refused) == ["/configuration/files_to_ingest/0/workspace_name"]
    assert http.get(f"/files/{source}/content/").content == b"0123456789"


@pytest.mark.parametrize(
    "address",
    [
        "ftp://files.test/",
        "javascript:alert(1)",
        "files.test",
        "http://x/?a=b",
        "http://[::1",
        "http://x:port/",
        "http://user:secret@x/",
        "http://x/é",
        "",
    ],
)
def test_an_address_that_leads_to_no_web_server_is_refused(
    http: httpx.Client, workspace: dict[str, Any], tmp_path: Path, address: str
) -> None:
    body = {**documents.workspace("web", tmp_path), "base_url": address}
    assert pointers(http.post("/workspaces/", json=body)) == ["/base_url"]
    assert pointers(http.patch(f"/workspaces/{workspace['id']}/", json={"base_url": address})) == ["/base_url"]


@pytest.mark.parametrize(
    ("broker", "pointer"),
    [
        ({"type": "nonsense"}, "/json_config/broker/type"),
        ({"type": "host"}, "/json_config/broker"),
        ({"type": "host", "host_path": "relative"}, "/json_config/broker/host_path"),
        ({"type": "host", "host_path": "/proc/nowhere/here"}, "/json_config/broker"),
    ],
)
def test_a_workspace_that_cannot_work_is_refused(http: httpx.Client, broker: dict[str, Any], pointer: str) -> None:
    body = {"name": "broken", "json_config": {"version": "1.0", "broker": broker}}
    assert pointers(http.post("/workspaces/", json=body)) == [pointer]
    assert http.get("/workspaces/").json()["count"] == 0


def test_a_workspace_name_is_taken_once(http: httpx.Client, workspace: dict[str, Any], tmp_path: Path) -> None:
    assert http.post("/workspaces/", json=documents.workspace("products", tmp_path)).status_code == 409


def test_a_job_type_gets_the_defaults_of_the_document(http: httpx.Client) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    schema = http.get("/openapi.json").json()["components"]["schemas"]["NewJobType"]["properties"]
    defaults = {name: field["default"] for name, field in schema.items() if "default" in field}
    assert defaults.items() <= job_type.items()
    assert (job_type["revision_num"], job_type["uses_docker"], job_type["trigger_rule"]) == (1, False, None)


def test_only_a_changed_interface_makes_a_revision(http: httpx.Client) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    url = f"/job-types/{job_type['id']}/"
    assert http.patch(url, json={"priority": 5}).json()["revision_num"] == 1
    assert http.patch(url, json={"interface": job_type["interface"]}).json()["revision_num"] == 1
    changed = {**job_type["interface"], "command": "other"}
    assert http.patch(url, json={"interface": changed}).json()["revision_num"] == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"command": ""}, "/interface/command"),
        ({"command_arguments": "${missing}"}, "/interface/command_arguments"),
        ({"output_data": [{"name": "source", "type": "file"}]}, "/interface/output_data/0/name"),
        ({"version": "9.9"}, "/interface/version"),
        ({"surprise": 1}, "/interface/surprise"),
    ],
)
def test_a_wrong_interface_is_refused_with_its_place(http: httpx.Client, change: dict[str, Any], pointer: str) -> None:
    body = documents.job_type()
    body["interface"] = {**body["interface"], **change}
    for url in ("/job-types/", "/job-types/validation/"):
        assert pointer in pointers(http.post(url, json=body))
    assert http.get("/job-types/?name=copier").json()["count"] == 0


def test_an_error_mapping_names_errors_that_exist(http: httpx.Client) -> None:
    body = documents.job_type(error_mapping={"version": "1.0", "exit_codes": {"3": "nonsense"}})
    assert pointers(http.post("/job-types/", json=body)) == ["/error_mapping/exit_codes/3"]
    body["error_mapping"] = {"version": "1.0", "exit_codes": {"3": "unknown"}}
    assert [error["name"] for error in created(http.post("/job-types/", json=body))["errors"]] == ["unknown"]


def test_custom_resources_are_kept_changed_and_removed(http: httpx.Client) -> None:
    gpus = {"version": "1.0", "resources": {"gpus": 2.0}}
    job_type = created(http.post("/job-types/", json=documents.job_type(custom_resources={"resources": {"gpus": 2}})))
    assert job_type["custom_resources"] == gpus
    at = f"/job-types/{job_type['id']}/"
    nothings: list[dict[str, Any] | None] = [{"resources": {}}, {"version": "1.0"}, {}, None]
    for nothing in nothings:
        assert http.patch(at, json={"custom_resources": nothing}).json()["custom_resources"] is None
        assert http.patch(at, json={"custom_resources": gpus}).json()["custom_resources"] == gpus


def test_custom_resources_that_are_wrong_are_pointed_at(http: httpx.Client) -> None:
    body = documents.job_type(custom_resources={"resources": {"gpus": -1, "cpus": 2}})
    found = pointers(http.post("/job-types/", json=body))
    assert sorted(found) == ["/custom_resources/resources/cpus", "/custom_resources/resources/gpus"]


def test_a_trigger_rule_is_set_changed_and_removed(http: httpx.Client, workspace: dict[str, Any]) -> None:
    body = documents.job_type(trigger_rule=documents.ingest_rule("products", media_type="text/plain"))
    job_type = created(http.post("/job-types/", json=body))
    assert job_type["trigger_rule"]["is_active"] is True
    rule = {**documents.ingest_rule("products"), "is_active": False}
    url = f"/job-types/{job_type['id']}/"
    edited = http.patch(url, json={"trigger_rule": rule}).json()["trigger_rule"]
    assert (edited["id"], edited["is_active"]) == (job_type["trigger_rule"]["id"], False)
    assert http.get(f"/trigger-rules/{edited['id']}/").json()["type"] == "INGEST"
    assert http.patch(url, json={"trigger_rule": None}).json()["trigger_rule"] is None


@pytest.mark.parametrize("rule", [documents.ingest_rule("nowhere"), documents.ingest_rule("products", "missing")])
def test_a_trigger_rule_that_cannot_work_is_refused(
    http: httpx.Client, workspace: dict[str, Any], rule: dict[str, Any]
) -> None:
    assert pointers(http.post("/job-types/", json=documents.job_type(trigger_rule=rule)))[0].startswith("/trigger_rule")


def test_warnings_do_not_stop_a_save(http: httpx.Client, workspace: dict[str, Any]) -> None:
    body = documents.job_type(trigger_rule=documents.ingest_rule("products", media_type="image/png"))
    warnings = http.post("/job-types/validation/", json=body).json()["warnings"]
    assert "media_type" in {warning["id"] for warning in warnings}
    assert http.get("/job-types/?name=copier").json()["count"] == 0
    created(http.post("/job-types/", json=body))


def test_a_system_job_type_can_only_be_paused(http: httpx.Client) -> None:
    system = http.get("/job-types/?name=scale-ingest").json()["results"][0]
    url = f"/job-types/{system['id']}/"
    assert http.patch(url, json={"priority": 1}).status_code == 400
    assert http.patch(url, json={"is_paused": True}).json()["paused"] is not None
    assert http.patch(url, json={"is_paused": False}).json()["paused"] is None


def test_a_recipe_type_shows_the_job_types_that_it_uses(http: httpx.Client) -> None:
    created(http.post("/job-types/", json=documents.job_type()))
    recipe_type = created(http.post("/recipe-types/", json=documents.recipe_type()))
    assert [job_type["name"] for job_type in recipe_type["job_types"]] == ["copier"]
    definition = copy.deepcopy(recipe_type["definition"])
    definition["jobs"][1]["name"] = "last"
    url = f"/recipe-types/{recipe_type['id']}/"
    assert http.patch(url, json={"definition": definition}).json()["revision_num"] == 2


def test_every_definition_that_a_recipe_type_has_had_is_kept(http: httpx.Client) -> None:
    created(http.post("/job-types/", json=documents.job_type()))
    recipe_type = created(http.post("/recipe-types/", json=documents.recipe_type()))
    definition = copy.deepcopy(recipe_type["definition"])
    definition["jobs"][1]["name"] = "last"
    url = f"/recipe-types/{recipe_type['id']}/"
    http.patch(url, json={"definition": definition})
    http.patch(url, json={"title": "A title is no new revision"})
    newest_first = http.get(f"{url}revisions/", params={"order": "-revision_num"}).json()
    assert [(one["revision_num"], one["definition"]) for one in newest_first["results"]] == [
        (2, definition),
        (1, recipe_type["definition"]),
    ]
    first, second = http.get(f"{url}revisions/", params={"page_size": 1}).json(), newest_first["results"][0]
    assert (first["count"], http.get(first["next"]).json()["results"]) == (2, [second])
    assert http.get("/recipe-types/999999/revisions/").status_code == 404


def test_a_recipe_type_of_unknown_job_types_is_refused(http: httpx.Client) -> None:
    assert pointers(http.post("/recipe-types/", json=documents.recipe_type()))[0].startswith("/definition/jobs/0")


def test_a_circle_of_jobs_is_refused(http: httpx.Client) -> None:
    created(http.post("/job-types/", json=documents.job_type()))
    body = documents.recipe_type()
    first = body["definition"]["jobs"][0]
    del first["recipe_inputs"]
    first["dependencies"] = [{"name": "second", "connections": [{"output": "copy", "input": "source"}]}]
    response = http.post("/recipe-types/", json=body)
    assert response.status_code == 400
    assert "first" in response.json()["detail"]


def test_an_interface_is_not_changed_under_a_recipe_that_it_would_break(http: httpx.Client) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    created(http.post("/recipe-types/", json=documents.recipe_type()))
    broken = {**job_type["interface"], "output_data": []}
    response = http.patch(f"/job-types/{job_type['id']}/", json={"interface": broken})
    assert response.status_code == 400
    assert "twice" in response.json()["detail"]
    assert http.get(f"/job-types/{job_type['id']}/").json()["interface"] == job_type["interface"]


def test_a_strike_is_created_with_its_job_and_edited(
    http: httpx.Client, workspace: dict[str, Any], tmp_path: Path
) -> None:
    body = documents.strike("watcher", tmp_path, "products")
    strike = created(http.post("/strikes/", json=body))
    assert (strike["job"]["job_type"]["name"], strike["job"]["status"]) == ("scale-strike", "QUEUED")
    assert http.post("/strikes/", json=body).status_code == 409
    assert http.patch(f"/strikes/{strike['id']}/", json={"title": "T"}).json()["title"] == "T"
    old = http.post("/strike/create/", json={**body, "name": "older"})
    assert (old.status_code, list(old.json())) == (200, ["strike_id"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"filename_regex": "("}, "/configuration/files_to_ingest/0/filename_regex"),
        ({"workspace_name": "nowhere"}, "/configuration/files_to_ingest/0/workspace_name"),
        ({"workspace_path": "../out"}, "/configuration/files_to_ingest/0/workspace_path"),
    ],
)
def test_a_strike_that_cannot_work_is_refused(
    http: httpx.Client, workspace: dict[str, Any], tmp_path: Path, change: dict[str, Any], pointer: str
) -> None:
    body = documents.strike("watcher", tmp_path, "products")
    body["configuration"]["files_to_ingest"][0].update(change)
    for url in ("/strikes/", "/strikes/validation/"):
        assert pointers(http.post(url, json=body)) == [pointer]
    assert http.get("/strikes/").json()["count"] == 0


def new_job(job_type: dict[str, Any], workspace: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The body that queues a job."""
    data = {
        "version": "1.0",
        "input_data": [{"name": "source", **given}],
        "output_data": [{"name": "copy", "workspace_id": workspace["id"]}],
    }
    return {"job_type_id": job_type["id"], "job_data": data}


def test_a_job_is_queued_shown_canceled_and_requeued(
    http: httpx.Client, workspace: dict[str, Any], source: int
) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    job = created(http.post("/queue/new-job/", json=new_job(job_type, workspace, file_id=source)))
    assert (job["status"], job["num_exes"], job["job_exes"][0]["status"]) == ("QUEUED", 1, "QUEUED")
    assert job["inputs"][0]["value"]["file_name"] == "a.txt"
    assert (job["disk_in_required"], job["disk_out_required"]) == (1.0, 64.0)
    status = http.get("/queue/status/").json()["queue_status"]
    assert [entry["count"] for entry in status if entry["job_type_name"] == "copier"] == [1]

    url = f"/jobs/{job['id']}/"
    assert http.patch(url, json={"status": "FAILED"}).status_code == 400
    assert http.patch(url, json={"status": "CANCELED", "priority": 1}).status_code == 400
    canceled = http.patch(url, json={"status": "CANCELED"}).json()
    assert (canceled["status"], canceled["job_exes"][0]["status"]) == ("CANCELED", "CANCELED")
    assert http.patch(url, json={"status": "CANCELED"}).status_code == 409

    requeued = http.post("/queue/requeue-jobs/", json={"job_ids": [job["id"]], "priority": 3}).json()
    assert [(one["status"], one["priority"], one["num_exes"]) for one in requeued["results"]] == [("QUEUED", 3, 2)]
    assert http.post("/queue/requeue-jobs/", json={}).json()["count"] == 0


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"file_id": 999}, "/job_data/input_data/0/file_id"),
        ({"value": "text"}, "/job_data/input_data/0"),
    ],
)
def test_job_data_that_does_not_fit_is_refused(
    http: httpx.Client, workspace: dict[str, Any], given: dict[str, Any], pointer: str
) -> None:
    job_type = created(http.post("/job-types/", json=documents.job_type()))
    response = http.post("/queue/new-job/", json=new_job(job_type, workspace, **given))
    assert pointers(response)[0].startswith(pointer)
    assert http.get("/jobs/?job_type_name=copier").json()["count"] == 0


def test_a_recipe_is_queued_with_all_its_jobs(http: httpx.Client, workspace: dict[str, Any], source: int) -> None:
    created(http.post("/job-types/", json=documents.job_type()))
    recipe_type = created(http.post("/recipe-types/", json=documents.recipe_type()))
    data = {
        "version": "1.0",
        "input_data": [{"name": "text", "file_id": source}],
        "workspace_id": workspace["id"],
    }
    body = {"recipe_type_id": recipe_type["id"], "recipe_data": data}
    recipe = created(http.post("/queue/new-recipe/", json=body))
    assert [(job["job_name"], job["job"]["status"]) for job in recipe["jobs"]] == [
        ("first", "QUEUED"),
        ("second", "PENDING"),
    ]
    assert [file["id"] for file in recipe["input_files"]] == [source]

    first, second = (job["job"]["id"] for job in recipe["jobs"])
    http.patch(f"/jobs/{first}/", json={"status": "CANCELED"})
    assert http.get(f"/jobs/{second}/").json()["status"] == "BLOCKED"
    http.post("/queue/requeue-jobs/", json={"job_ids": [first]})
    assert http.get(f"/jobs/{second}/").json()["status"] == "PENDING"
    del data["workspace_id"]
    assert pointers(http.post("/queue/new-recipe/", json=body)) == ["/recipe_data/workspace_id"]


def test_a_recipe_is_canceled_with_all_its_jobs_once_and_comes_back_by_a_requeue(
    http: httpx.Client, workspace: dict[str, Any], source: int
) -> None:
    created(http.post("/job-types/", json=documents.job_type()))
    recipe_type = created(http.post("/recipe-types/", json=documents.recipe_type()))
    data = {"input_data": [{"name": "text", "file_id": source}], "workspace_id": workspace["id"]}
    recipe = created(http.post("/queue/new-recipe/", json={"recipe_type_id": recipe_type["id"], "recipe_data": data}))
    url = f"/recipes/{recipe['id']}/"

    canceled = http.patch(url, json={"status": "CANCELED"})
    assert canceled.status_code == 200, canceled.text
    assert {job["job"]["status"] for job in canceled.json()["jobs"]} == {"CANCELED"}
    again = http.patch(url, json={"status": "CANCELED"})
    assert again.status_code == 409
    assert "no job left" in again.json()["detail"]
    assert pointers(http.patch(url, json={"status": "RUNNING"})) == ["/status"]
    assert http.patch("/recipes/999999/", json={"status": "CANCELED"}).status_code == 404

    http.post("/queue/requeue-jobs/", json={"job_ids": [job["job"]["id"] for job in recipe["jobs"]]})
    assert [job["job"]["status"] for job in http.get(url).json()["jobs"]] == ["QUEUED", "PENDING"]


def test_a_file_is_found_by_id_and_by_name_and_its_content_in_ranges(http: httpx.Client, source: int) -> None:
    assert http.get("/sources/a.txt/").json() == http.get(f"/sources/{source}/").json()
    assert http.get("/sources/nothing.txt/").status_code == 404
    assert http.get(f"/products/{source}/").status_code == 404
    url = http.get(f"/files/{source}/").json()["url"]
    whole = http.get(url)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (
        200,
        b"0123456789",
        "text/plain; charset=utf-8",
    )
    part = http.get(url, headers={"range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert http.get(url, headers={"range": "bytes=-3"}).content == b"789"
    beyond = http.get(url, headers={"range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    assert "10 bytes" in beyond.json()["detail"]
    assert http.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304


def test_a_file_that_storage_has_lost_is_404_and_one_that_it_cannot_give_503(
    http: httpx.Client, source: int, tmp_path: Path
) -> None:
    (tmp_path / "products" / "a.txt").unlink()
    assert http.get(f"/files/{source}/content/").status_code == 404


def test_the_scheduler_is_paused_and_resumed(http: httpx.Client) -> None:
    response = http.patch("/scheduler/", json={"is_paused": True})
    assert (response.status_code, response.json()) == (201, {"is_paused": True})
    assert http.get("/status/").json()["scheduler"]["is_paused"] is True
    assert http.patch("/scheduler/", json={"is_paused": "yes"}).status_code == 400


def test_what_no_database_holds_is_refused_wherever_it_comes(reading_http: httpx.Client) -> None:
    asked = reading_http.get("/users/", params={"name": "a\0b"})
    assert (asked.status_code, asked.json()["errors"][0]["pointer"]) == (400, "name")
    sent = reading_http.post("/users/", json={"name": "a\0b", "role": "viewer"})
    assert (sent.status_code, sent.json()["errors"][0]["pointer"]) == (400, "/name")
    for response in (asked, sent):
        assert "U+0000" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**80])
def test_a_whole_number_that_no_database_holds_is_refused(reading_http: httpx.Client, number: int) -> None:
    response = reading_http.post("/tokens/", json={"user_id": number})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/user_id")
    assert reading_http.get("/audit/", params={"object_type": "job", "object_id": number}).status_code == 400


@pytest.mark.parametrize("path", ["/files/", "/sources/", "/products/"])
@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ({"bbox": "1,2,3"}, "bbox", "a box has four numbers, not 3: write west,south,east,north in degrees"),
        ({"geometry": "CIRCLE (1 2)"}, "geometry", "it is no WKT"),
        ({"geometry": '{"type": "Point", "coordinates": [200, 1]}'}, "geometry", "longitudes from -180 to 180"),
        ({"data_started": "yesterday"}, "data_started", "write an ISO-8601 datetime with a zone"),
        ({"data_ended": "2026-01-01T00:00:00"}, "data_ended", "has no time zone"),
        ({"data_started": "PT1H", "data_ended": "PT2H"}, "data_started", "lies after data_ended"),
        ({"countries": ["DEU", "de"]}, "countries", "[A-Z]{3}"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    reading_http: httpx.Client, path: str, query: dict[str, Any], pointer: str, says: str
) -> None:
    response = reading_http.get(path, params=query)
    assert (response.status_code, pointers(response)) == (400, [pointer])
    assert says in response.json()["errors"][0]["detail"]


def test_a_search_keeps_its_words_in_the_addresses_of_its_pages(
    http: httpx.Client, served_context: Context, source: int
) -> None:
    with served_context.database.write() as session:
        file = session.get(ScaleFile, source)
        assert file is not None
        locate(served_context, file, {"type": "Point", "coordinates": [13.4, 52.5]})
        file.data_started = served_context.now()
    query: dict[str, Any] = {
        "bbox": "13,52,14,53",
        "geometry": '{"type": "Point", "coordinates": [13.4, 52.5]}',
        "data_started": "P1D",
        "countries": ["DEU", "FRA"],
    }
    page = http.get("/sources/", params={**query, "page": 2, "page_size": 1}).json()
    assert (page["count"], page["results"]) == (1, [])
    (found,) = http.get(page["previous"]).json()["results"]
    assert (found["id"], found["countries"]) == (source, ["DEU"])
    assert http.get("/sources/", params={**query, "countries": "FRA"}).json()["count"] == 0
    assert http.get("/files/", params=query).json()["count"] == 1


def test_installed_plugins_say_what_they_bring(http: httpx.Client) -> None:
    plugins = http.get("/plugins/", params={"page_size": 1000}).json()
    brought = {one["name"]: (one["distribution"], one["kinds"]) for one in plugins["results"]}
    assert brought["broker-host"] == ("scale-processing", ["broker"])
    assert brought["scheduler"][1] == ["command"]
    assert plugins["count"] == len(brought)
    page = http.get("/plugins/", params={"page_size": 1, "page": 2}).json()
    assert page["results"] == plugins["results"][1:2]
