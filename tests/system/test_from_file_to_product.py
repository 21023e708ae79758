"""Whole runs: files arrive, rules start jobs and recipes, products come out with their provenance."""

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# An algorithm in the sense of the reference: it knows its arguments and the results manifest.
ALGORITHM = """\
import json, pathlib, sys
arguments = dict(argument.split("=", 1) for argument in sys.argv[1:])
out = pathlib.Path(arguments["out"])
manifest = {"version": "1.1", "output_data": [], "parse_results": []}
given = pathlib.Path(arguments["in"])
texts = [path.read_text() for path in (sorted(given.iterdir()) if given.is_dir() else [given])]
footprint = {"type": "Polygon", "coordinates": [[[10, 20, 0], [11, 20, 0], [11, 21, 0], [10, 21, 0], [10, 20, 0]]]}
for number in range(int(arguments.get("copies", 1))):
    path = out / f"{arguments['name']}-{number}.txt"
    path.write_text("".join(texts) + arguments.get("level", "-"))
    entry = {"path": str(path), "geo_metadata": {"geo_json": footprint, "data_started": "2015-05-15T10:34:12Z"}}
    if "copies" not in arguments:
        manifest["output_data"].append({"name": "copy", "file": entry})
    else:
        manifest["output_data"][:] = [{"name": "copies", "files": [
            *(manifest["output_data"][0]["files"] if manifest["output_data"] else []), entry]}]
if "parse" in arguments:
    manifest["parse_results"].append({
        "filename": pathlib.Path(arguments["in"]).name, "data_types": ["parsed"],
        "new_workspace_path": arguments["parse"], "geo_metadata": {"geo_json": footprint}})
(out / "results_manifest.json").write_text(json.dumps(manifest))
"""


@pytest.fixture
def algorithm(tmp_path: Path) -> str:
    """The command of the algorithm."""
    script = tmp_path / "algorithm.py"
    script.write_text(ALGORITHM)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return f"{sys.executable} {script}"


def interface(command: str, arguments: str, **changes: Any) -> dict[str, Any]:
    """The interface of a job type that copies ``text``."""
    return {
        "version": "1.0",
        "command": command,
        "command_arguments": f"in=${{text}} out=${{job_output_dir}} {arguments}",
        "input_data": [{"name": "text", "type": "file", "media_types": ["text/plain"]}],
        "output_data": [{"name": "copy", "type": "file", "media_type": "text/plain"}],
        **changes,
    }


def rule(kind: str, **condition: Any) -> dict[str, Any]:
    """A trigger rule that passes the file on as ``text``."""
    data = {"input_data_name": "text", "workspace_name": "products"}
    return {"type": kind, "configuration": {"version": "1.0", "condition": condition, "data": data}}


def job_type(name: str, interface: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body that creates a job type."""
    return {"name": name, "version": "1.0", "cpus_required": 0.5, "interface": interface, "max_tries": 1, **changes}


def test_a_file_becomes_a_source_is_parsed_moved_and_starts_what_waits_for_that(
    scale: Any, transfer: Callable[[Path, str, bytes], None], algorithm: str, tmp_path: Path
) -> None:
    scale.workspace("raw")
    scale.workspace("products")
    parse = job_type("parser", interface(algorithm, "name=made parse=sorted/here"), trigger_rule=rule("INGEST"))
    scale.create("/job-types/", parse)
    late = job_type("late", interface(algorithm, "name=late"), trigger_rule=rule("PARSE", data_types=["parsed", "t"]))
    scale.create("/job-types/", late)
    incoming = scale.strike("texts", "raw", r".*\.txt", data_types=["t"])
    transfer(incoming, "a.txt", b"hello ")
    transfer(incoming, "ignored.bin", b"x")

    products = scale.wait(lambda: [] if len(found := scale.results("/products/")) < 2 else found)
    assert {product["job_type"]["name"] for product in products} == {"parser", "late"}
    assert all(product["geometry"].startswith("POLYGON") for product in products)
    assert all(product["data_started"] == "2015-05-15T10:34:12.000Z" for product in products)

    source = scale.get("/sources/a.txt/")
    assert (source["is_parsed"], source["data_type"], source["media_type"]) == (True, ["parsed", "t"], "text/plain")
    assert source["file_path"] == "sorted/here/a.txt"
    assert (tmp_path / "raw" / "sorted" / "here" / "a.txt").read_bytes() == b"hello "
    assert source["center_point"] == "POINT (10.5 20.5)"
    assert {product["id"] for product in source["products"]} == {product["id"] for product in products}
    made = scale.get(f"/products/{products[0]['id']}/")
    assert [one["file_name"] for one in made["sources"]] == ["a.txt"]
    assert scale.http.get(made["url"]).text == "hello -"

    deferred = scale.wait(lambda: scale.results("/ingests/", status="DEFERRED"))
    assert [one["file_name"] for one in deferred] == ["ignored.bin"]
    ingest = scale.get("/ingests/a.txt/")
    assert (ingest["status"], ingest["bytes_transferred"], ingest["source_file"]["id"]) == ("INGESTED", 6, source["id"])
    assert ingest["file_path"].startswith("texts/2")


def test_a_recipe_joins_branches_and_passes_properties_and_lists_of_files(
    scale: Any, transfer: Callable[[Path, str, bytes], None], algorithm: str
) -> None:
    products = scale.workspace("products")
    scale.workspace("raw")
    scale.create("/job-types/", job_type("one", interface(algorithm, "name=one")))
    many = interface(algorithm, "name=many copies=3", output_data=[{"name": "copies", "type": "files"}])
    scale.create("/job-types/", job_type("many", many))
    joined = interface(
        algorithm,
        "name=joined ${level=:level}",
        input_data=[
            {"name": "text", "type": "files"},
            {"name": "level", "type": "property", "required": False},
        ],
    )
    scale.create("/job-types/", job_type("join", joined))

    def used(name: str) -> dict[str, str]:
        return {"name": name, "version": "1.0"}

    def from_recipe(name: str) -> dict[str, Any]:
        given = [{"recipe_input": "text", "job_input": "text"}]
        return {"name": name, "job_type": used(name), "recipe_inputs": given}

    last = {
        "name": "join",
        "job_type": used("join"),
        "recipe_inputs": [{"recipe_input": "level", "job_input": "level"}],
        "dependencies": [{"name": "one"}, {"name": "many", "connections": [{"output": "copies", "input": "text"}]}],
    }
    definition = {
        "version": "1.0",
        "input_data": [
            {"name": "text", "type": "file"},
            {"name": "level", "type": "property", "required": False},
        ],
        "jobs": [from_recipe("one"), from_recipe("many"), last],
    }
    recipe_type = scale.create("/recipe-types/", {"name": "branches", "version": "1.0", "definition": definition})
    transfer(scale.strike("texts", "raw"), "a.txt", b"hello ")
    source = scale.wait(lambda: scale.results("/sources/"))[0]

    data = {
        "version": "1.0",
        "input_data": [{"name": "text", "file_id": source["id"]}, {"name": "level", "value": "5; rm -rf /"}],
        "workspace_id": products,
    }
    recipe = scale.create("/queue/new-recipe/", {"recipe_type_id": recipe_type["id"], "recipe_data": data})

    def completed() -> Any:
        found = scale.get(f"/recipes/{recipe['id']}/")
        return found if found["completed"] else None

    jobs = {job["job_name"]: job["job"] for job in scale.wait(completed)["jobs"]}
    last_job = scale.get(f"/jobs/{jobs['join']['id']}/")
    assert len(last_job["inputs"][0]["value"]) == 3
    product = last_job["outputs"][0]["value"]
    assert scale.http.get(product["url"]).text == "hello -hello -hello -5; rm -rf /"
    assert last_job["recipes"][0]["id"] == recipe["id"]
    ancestors = scale.get(f"/products/{product['id']}/")["sources"]
    assert [one["id"] for one in ancestors] == [source["id"]]

    again = scale.create("/queue/new-recipe/", {"recipe_type_id": recipe_type["id"], "recipe_data": data})
    scale.wait(lambda: scale.get(f"/recipes/{again['id']}/")["completed"])
    published = scale.results("/products/", job_type_name="join")
    assert len(published) == 1
    assert (published[0]["uuid"], published[0]["id"] != product["id"]) == (product["uuid"], True)


def test_a_failed_job_names_its_error_blocks_what_depends_on_it_and_can_be_requeued(
    scale: Any, transfer: Callable[[Path, str, bytes], None], tmp_path: Path, algorithm: str
) -> None:
    products = scale.workspace("products")
    scale.workspace("raw")
    flag = tmp_path / "may-work"
    script = tmp_path / "maybe.sh"
    script.write_text(f'test -e {flag} || {{ echo no flag >&2; exit 3; }}\nexec {algorithm} "$@"\n')
    scale.create("/errors/", {"name": "no-flag", "title": "No flag", "category": "DATA"})
    mapping = {"version": "1.0", "exit_codes": {"3": "no-flag"}}
    scale.create(
        "/job-types/",
        job_type("maybe", interface(f"sh {script}", "name=maybe"), error_mapping=mapping, max_tries=2),
    )
    scale.create("/job-types/", job_type("after", interface(algorithm, "name=after")))
    given = [{"recipe_input": "text", "job_input": "text"}]
    jobs = [
        {"name": "first", "job_type": {"name": "maybe", "version": "1.0"}, "recipe_inputs": given},
        {
            "name": "second",
            "job_type": {"name": "after", "version": "1.0"},
            "dependencies": [{"name": "first", "connections": [{"output": "copy", "input": "text"}]}],
        },
    ]
    definition = {"version": "1.0", "input_data": [{"name": "text", "type": "file"}], "jobs": jobs}
    recipe_type = scale.create("/recipe-types/", {"name": "r", "version": "1.0", "definition": definition})
    transfer(scale.strike("texts", "raw"), "a.txt", b"hello ")
    source = scale.wait(lambda: scale.results("/sources/"))[0]
    data = {"input_data": [{"name": "text", "file_id": source["id"]}], "workspace_id": products}
    recipe = scale.create("/queue/new-recipe/", {"recipe_type_id": recipe_type["id"], "recipe_data": data})
    first, second = (job["job"]["id"] for job in recipe["jobs"])

    failed = scale.ended(first)
    assert (failed["status"], failed["error"]["name"], failed["num_exes"]) == ("FAILED", "no-flag", 2)
    assert [execution["job_exit_code"] for execution in failed["job_exes"]] == [3, 3]
    logs = scale.get(f"/job-executions/{failed['job_exes'][0]['id']}/logs/")
    assert (logs["is_finished"], logs["stderr"]) == (True, "no flag\n")
    scale.in_status(second, "BLOCKED")

    flag.touch()
    scale.http.post("/queue/requeue-jobs/", json={"job_ids": [first]})
    assert scale.ended(second)["status"] == "COMPLETED"
    scale.wait(lambda: scale.get(f"/recipes/{recipe['id']}/")["completed"])


def test_a_job_keeps_the_interface_that_it_was_made_with(scale: Any, tmp_path: Path) -> None:
    """Made while the scheduler is paused, changed before it runs."""
    scale.http.patch("/scheduler/", json={"is_paused": True})
    plain = {"version": "1.0", "command": "sh", "command_arguments": "-c 'echo before'"}
    made = scale.create("/job-types/", job_type("says", plain))
    job = scale.create("/queue/new-job/", {"job_type_id": made["id"], "job_data": {}})
    changed = {**plain, "command_arguments": "-c 'echo after'"}
    assert scale.http.patch(f"/job-types/{made['id']}/", json={"interface": changed}).json()["revision_num"] == 2
    assert scale.get(f"/jobs/{job['id']}/")["status"] == "QUEUED"
    scale.http.patch("/scheduler/", json={"is_paused": False})
    ended = scale.ended(job["id"])
    assert (ended["status"], ended["job_type_rev"]["revision_num"]) == ("COMPLETED", 1)
    execution = ended["job_exes"][0]["id"]
    assert scale.http.get(f"/job-executions/{execution}/logs/stdout/").text == "before\n"


def test_a_canceled_job_is_ended_and_its_log_is_readable_while_it_runs(scale: Any) -> None:
    made = scale.create(
        "/job-types/",
        job_type("slow", {"version": "1.0", "command": "sh", "command_arguments": "-c 'echo begun; sleep 1000'"}),
    )
    job = scale.create("/queue/new-job/", {"job_type_id": made["id"], "job_data": {}})
    execution = job["job_exes"][0]["id"]
    scale.wait(lambda: scale.http.get(f"/job-executions/{execution}/logs/stdout/").text == "begun\n")
    assert scale.get("/nodes/status/")["results"][0]["job_exes_running"]
    scale.http.patch(f"/jobs/{job['id']}/", json={"status": "CANCELED"})
    scale.wait(lambda: scale.get(f"/job-executions/{execution}/")["status"] == "CANCELED")
    assert scale.get(f"/jobs/{job['id']}/")["status"] == "CANCELED"


def test_several_strikes_find_what_was_there_before_them(
    scale: Any, transfer: Callable[[Path, str, bytes], None], tmp_path: Path
) -> None:
    scale.workspace("raw")
    for name in ("one", "two"):
        (tmp_path / f"{name}-incoming").mkdir()
        transfer(tmp_path / f"{name}-incoming", f"{name}.txt", name.encode())
    for name in ("one", "two"):
        scale.strike(name, "raw")
    scale.wait(lambda: len(scale.results("/sources/")) == 2)
    assert {one["file_path"].partition("/")[0] for one in scale.results("/sources/")} == {"one", "two"}


def test_after_a_kill_everything_goes_on(
    scale: Any, transfer: Callable[[Path, str, bytes], None], algorithm: str
) -> None:
    scale.workspace("raw")
    scale.workspace("products")
    wrapped = "-c 'sleep 0.3; exec \"$@\"' sh " + f"{algorithm} in=${{text}} out=${{job_output_dir}} name=x"
    slow = interface("sh", "", command_arguments=wrapped)
    scale.create("/job-types/", job_type("slow", slow, trigger_rule=rule("INGEST")))
    incoming = scale.strike("texts", "raw")
    for number in range(6):
        transfer(incoming, f"{number}.txt", b"x")
    scale.wait(lambda: scale.results("/jobs/", job_type_name="slow", status="RUNNING"))
    scale.kill()
    for number in range(6, 9):
        transfer(incoming, f"{number}.txt", b"x")
    scale.start()
    products = scale.wait(lambda: [] if len(found := scale.results("/products/")) < 9 else found)
    assert len(products) == 9
    assert len(scale.results("/sources/")) == 9
    scale.wait(lambda: scale.get("/jobs/", job_type_name="slow", status="COMPLETED")["count"] == 9)
    assert scale.get("/jobs/", job_type_name="slow")["count"] == 9
    assert scale.stop() == 0
    scale.start()
    assert json.loads(scale.http.get("/status/").text)["queue_depth"] >= 0
