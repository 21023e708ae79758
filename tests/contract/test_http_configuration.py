"""Import and export over HTTP (reference: Import/Export Services)."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fakes import documents
from fakes.documents import created, pointers

DOCUMENT: dict[str, Any] = {"version": "1.0", "errors": [{"name": "my-error", "title": "Mine", "category": "DATA"}]}
MAX_BYTES = 16 * 2**20
NAMED = {"X-File-Name": "my%20file.json"}


def test_an_import_creates_then_changes_nothing_and_is_all_or_nothing(
    http: httpx.Client, workspace: dict[str, Any]
) -> None:
    document: dict[str, Any] = {
        "version": "1.0",
        "errors": [{"name": "my-error", "title": "My Error", "description": "Mine.", "category": "DATA"}],
        "job_types": [documents.job_type(error_mapping={"version": "1.0", "exit_codes": {"1": "my-error"}})],
        "recipe_types": [
            documents.recipe_type(trigger_rule=documents.ingest_rule("products", "text", media_type="text/plain"))
        ],
    }
    broken = copy.deepcopy(document)
    broken["recipe_types"][0]["definition"]["jobs"][0]["job_type"]["version"] = "9"
    for url in ("/configuration/", "/configuration/validation/"):
        assert pointers(http.post(url, json={"import": broken}))[0].startswith("/import/recipe_types/0")
    assert http.get("/errors/?order=-id&page_size=1").json()["results"][0]["name"] != "my-error"

    assert http.post("/configuration/validation/", json={"import": document}).status_code == 200
    assert http.get("/job-types/?name=copier").json()["count"] == 0
    assert http.post("/configuration/", json={"import": document}).status_code == 200
    exported = http.get("/configuration/").json()
    before = http.get("/job-types/?name=copier").json()
    assert http.post("/configuration/", json={"import": exported}).json() == {"warnings": []}
    assert http.get("/configuration/").json() == exported
    assert http.get("/job-types/?name=copier").json() == before
    assert http.get("/configuration/?include=errors").json()["job_types"] == []


def test_an_import_edits_only_the_given_fields(http: httpx.Client) -> None:
    created(http.post("/job-types/", json=documents.job_type(title="Before", priority=7)))
    edit = {"name": "copier", "version": "1.0", "title": "After", "is_system": True, "id": 7}
    response = http.post("/configuration/", json={"import": {"job_types": [edit]}}).json()
    (warning,) = [each["details"] for each in response["warnings"] if each["id"] == "read_only"]
    assert "is_system, id" in warning
    found = http.get("/job-types/?name=copier").json()["results"][0]
    assert (found["title"], found["priority"], found["revision_num"]) == ("After", 7, 1)


def test_a_download_is_the_export_as_an_attachment(http: httpx.Client) -> None:
    created(http.post("/errors/", json={"name": "one", "category": "DATA"}))
    created(http.post("/job-types/", json=documents.job_type()))
    response = http.get("/configuration/download/")
    assert response.content == http.get("/configuration/").content
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="scale-configuration-')
    assert disposition.endswith(".json")
    some = http.get("/configuration/download/?include=job_types&job_type_name=nothing&job_type_name=copier").json()
    assert (some["errors"], [one["name"] for one in some["job_types"]]) == ([], ["copier"])
    assert pointers(http.get("/configuration/download/?include=nodes")) == ["include"]


def upload_form(http: httpx.Client, content: bytes) -> httpx.Response:
    return http.post("/configuration/upload/", files={"import": ("mine.json", content, "application/json")})


def upload_bytes(http: httpx.Client, content: bytes) -> httpx.Response:
    headers = {**NAMED, "content-type": "application/octet-stream"}
    return http.post("/configuration/upload/", content=content, headers=headers)


def upload_json(http: httpx.Client, content: bytes) -> httpx.Response:
    return http.post("/configuration/upload/", content=content, headers={**NAMED, "content-type": "application/json"})


def upload_chunks(http: httpx.Client, content: bytes) -> httpx.Response:
    """Without a Content-Length."""

    def parts() -> Iterator[bytes]:
        for start in range(0, len(content), 1 << 20):
            yield content[start : start + (1 << 20)]

    headers = {**NAMED, "content-type": "application/octet-stream"}
    return http.post("/configuration/upload/", content=parts(), headers=headers)


each_upload = pytest.mark.parametrize("upload", [upload_form, upload_bytes, upload_json, upload_chunks])


@each_upload
def test_an_upload_is_an_import_of_a_file_in_a_form_or_by_itself(http: httpx.Client, upload: Any) -> None:
    response = upload(http, json.dumps(DOCUMENT).encode())
    assert (response.status_code, response.json()) == (200, {"warnings": []})
    assert http.get("/configuration/?error_name=my-error").json()["errors"][0]["title"] == "Mine"
    downloaded = http.get("/configuration/download/").content
    assert upload(http, downloaded).json() == {"warnings": []}
    assert http.get("/configuration/download/").content == downloaded


@each_upload
def test_what_is_wrong_with_an_upload_has_its_place_in_the_file(http: httpx.Client, upload: Any) -> None:
    assert pointers(upload(http, b'{"errors": [{"name": 5}]}')) == ["/errors/0/name"]
    assert pointers(upload(http, b'{"errors": [{"name": "a/b", "category": "DATA"}]}')) == ["/errors/0/name"]
    assert "line 1" in upload(http, b'{"errors": ').json()["detail"]
    assert upload(http, b"[]").status_code == 400
    assert upload(http, b"").status_code == 400


@each_upload
def test_an_upload_that_is_too_large_is_413_and_says_how_large_it_may_be(http: httpx.Client, upload: Any) -> None:
    response = upload(http, b" " * (MAX_BYTES + 1))
    assert response.status_code == 413
    assert "16 MiB" in response.json()["detail"]
    assert http.get("/version/").status_code == 200


def test_an_import_that_is_too_large_is_413(http: httpx.Client) -> None:
    content, headers = b'{"import": {}' + b" " * MAX_BYTES + b"}", {"content-type": "application/json"}
    for url in ("/configuration/", "/configuration/validation/"):
        assert http.post(url, content=content, headers=headers).status_code == 413


@pytest.mark.parametrize("media_type", ["application/json", "application/octet-stream"])
def test_a_body_that_is_a_file_needs_a_name(http: httpx.Client, media_type: str) -> None:
    response = http.post("/configuration/upload/", content=json.dumps(DOCUMENT), headers={"content-type": media_type})
    assert pointers(response) == ["X-File-Name"]
    unnamed = {"content-type": media_type, "X-File-Name": ""}
    response = http.post("/configuration/upload/", content=json.dumps(DOCUMENT), headers=unnamed)
    assert pointers(response) == ["X-File-Name"]
    assert http.get("/configuration/").json()["errors"] == []


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ([("other", ("mine.json", b"{}"))], ["/other"]),
        ([("import", ("mine.json", b"{}")), ("import", ("more.json", b"{}"))], ["/import"]),
        ([("import", (None, b"{}"))], ["/import"]),
    ],
)
def test_a_form_has_one_file(http: httpx.Client, files: Any, wrong: list[str]) -> None:
    assert pointers(http.post("/configuration/upload/", files=files)) == wrong


def test_a_form_that_cannot_be_read_is_400_and_another_kind_of_body_415(http: httpx.Client) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        assert http.post("/configuration/upload/", content=b"--y", headers={"content-type": kind}).status_code == 400
    assert http.post("/configuration/upload/", data={"import": "{}"}).status_code == 415


def test_a_validation_of_a_type_that_exists_checks_a_change_of_it_and_saves_nothing(http: httpx.Client) -> None:
    kinds = {"/job-types/": documents.job_type(), "/recipe-types/": documents.recipe_type()}
    for url, body in kinds.items():
        made = created(http.post(url, json=body))
        changed = {**body, "title": "New"}
        (warning,) = http.post(f"{url}validation/", json=changed).json()["warnings"]
        assert warning["id"] == "exists"
        assert http.get(f"{url}{made['id']}/").json() == made
        assert http.post(url, json=changed).status_code == 409
    changed = copy.deepcopy(kinds["/job-types/"])
    changed["interface"]["command_arguments"] = "-v ${source} ${job_output_dir}"
    told = http.post("/job-types/validation/", json=changed).json()["warnings"]
    assert [warning["id"] for warning in told] == ["exists", "reaches_recipe_type"]
    document = {"import": {"job_types": [changed]}}
    assert http.post("/configuration/validation/", json=document).json()["warnings"] == told[1:]
    changed["interface"]["output_data"] = []
    for url, body, place in (
        ("/job-types/validation/", changed, "/interface"),
        ("/configuration/", {"import": {"job_types": [changed]}}, "/import/job_types/0/interface"),
        ("/configuration/validation/", {"import": {"job_types": [changed]}}, "/import/job_types/0/interface"),
    ):
        response = http.post(url, json=body)
        assert set(pointers(response)) == {place}
        assert "'twice' 1.0" in response.json()["detail"]
