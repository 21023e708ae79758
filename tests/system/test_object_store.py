"""From a bucket to a product in a bucket."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.object_store import CREDENTIALS, ObjectStore
from fakes.running import RunningScale
from fakes.waiting import SECONDS

pytestmark = pytest.mark.any_database

UPPER = """\
import pathlib, sys
given, out = sys.argv[1:]
made = pathlib.Path(out) / "upper.txt"
made.write_text(pathlib.Path(given).read_text().upper())
print(f"ARTIFACT:upper:{made}")
"""


@pytest.fixture
def store(object_store: ObjectStore) -> ObjectStore:
    for name in ("arrivals", "kept"):
        object_store.client().create_bucket(Bucket=name)
    return object_store


@pytest.fixture
def scale(tmp_path: Path, store: ObjectStore) -> Iterator[RunningScale]:
    settings = {f"storage_s3_{name}": str(value) for name, value in store.options().items()}
    running = RunningScale(tmp_path / "data", **settings)
    running.start()
    yield running
    running.stop()
    running.http.close()


def workspace(scale: RunningScale, name: str, bucket: str, prefix: str = "") -> int:
    broker = {"type": "s3", "bucket_name": bucket, "prefix": prefix}
    made = scale.create("/workspaces/", {"name": name, "json_config": {"version": "1.0", "broker": broker}})
    return int(made["id"])


def test_an_object_becomes_a_product_that_clients_get_from_the_store(
    scale: RunningScale, store: ObjectStore, tmp_path: Path
) -> None:
    workspace(scale, "arrivals", "arrivals")
    workspace(scale, "kept", "kept", "scale")
    program = tmp_path / "upper.py"
    program.write_text(UPPER)
    interface: dict[str, Any] = {
        "version": "1.0",
        "command": sys.executable,
        "command_arguments": f"{program} ${{text}} ${{job_output_dir}}",
        "input_data": [{"name": "text", "type": "file"}],
        "output_data": [{"name": "upper", "type": "file"}],
    }
    rule = {
        "type": "INGEST",
        "configuration": {
            "version": "1.0",
            "condition": {"data_types": ["text"]},
            "data": {"input_data_name": "text", "workspace_name": "kept"},
        },
    }
    body = {"name": "upper", "version": "1.0", "interface": interface, "trigger_rule": rule, "mem_required": 32.0}
    scale.create("/job-types/", {**body, "cpus_required": 0.5})
    rules = [{"filename_regex": r".*\.txt$", "data_types": ["text"], "workspace_path": "raw", "workspace_name": "kept"}]
    monitor = {"type": "s3", "workspace_name": "arrivals", "prefix": "in/", "listing_seconds": 1}
    configuration = {"version": "1.0", "monitor": monitor, "files_to_ingest": rules}
    for key in ("in/deep/a.txt", "in/b.png", "other/c.txt"):
        store.client().put_object(Bucket="arrivals", Key=key, Body=f"this is {key}".encode())
    scale.create("/strikes/", {"name": "bucket", "configuration": configuration})

    (product,) = scale.wait(lambda: scale.results("/products/"))
    assert product["url"].startswith(f"{store.url}/kept/scale/")
    assert httpx.get(product["url"], timeout=SECONDS).text == "THIS IS IN/DEEP/A.TXT"
    (ingest,) = scale.results("/ingests/")
    assert (ingest["file_name"], ingest["status"]) == ("a.txt", "INGESTED")

    (source,) = scale.results("/sources/")
    content = scale.http.get(f"/files/{source['id']}/content/", headers={"Range": "bytes=5-6"})
    assert (content.status_code, content.text) == (206, "is")
    (item,) = scale.get("/stac/search", ids=source["id"])["features"]
    digest = hashlib.sha256(b"this is in/deep/a.txt").hexdigest()
    assert item["assets"]["data"]["file:checksum"] == f"1220{digest}"
    again = scale.http.get(f"/files/{source['id']}/content/", headers={"If-None-Match": content.headers["ETag"]})
    assert again.status_code == 304

    store.client().put_object(Bucket="arrivals", Key="in/deep/a.txt", Body=b"changed")
    scale.wait(lambda: scale.get("/products/")["count"] == 2)
    assert CREDENTIALS["secret_access_key"] not in scale.log.read_text()
    assert CREDENTIALS["secret_access_key"] not in str(scale.get("/configuration/"))
