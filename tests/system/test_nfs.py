"""A Strike and a workspace on a real NFS server, from a file to a product, and past a server that hangs."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fakes.nfs_server import NfsServer
from fakes.running import RunningScale

pytestmark = pytest.mark.any_database

COPY = """\
import pathlib, sys
out = pathlib.Path(sys.argv[2]) / "copy.txt"
out.write_text(pathlib.Path(sys.argv[1]).read_text().upper())
print(f"ARTIFACT:copy:{out}")
"""


@pytest.fixture
def timeout() -> str:
    """Seconds after which a server that does not answer is given up: more than a busy machine takes."""
    return "60"


@pytest.fixture
def scale(tmp_path: Path, own_nfs_server: NfsServer, timeout: str) -> Iterator[RunningScale]:
    """It knows where the incoming folder of the export is mounted, and reaches the others over the protocol."""
    incoming = own_nfs_server.path("data") / "incoming"
    for name in ("incoming", "raw", "products"):
        (own_nfs_server.path("data") / name).mkdir()
    running = RunningScale(
        tmp_path / "data",
        storage_nfs_mounts=f"127.0.0.1:/data/incoming={incoming}",
        storage_nfs_port=str(own_nfs_server.port),
        storage_nfs_timeout=timeout,
    )
    running.start()
    yield running
    running.stop()
    running.http.close()


@pytest.fixture
def incoming(scale: RunningScale, own_nfs_server: NfsServer, tmp_path: Path) -> Path:
    """The directory of a Strike, whose files make a job that copies them."""
    for name in ("raw", "products"):
        document = {"version": "1.0", "broker": own_nfs_server.configuration("data", f"/{name}")}
        scale.wait(partial(is_created, scale, {"name": name, "json_config": document}))
    script = tmp_path / "copy.py"
    script.write_text(COPY)
    interface = {
        "version": "1.0",
        "command": f"{sys.executable} {script}",
        "command_arguments": "${text} ${job_output_dir}",
        "input_data": [{"name": "text", "type": "file", "media_types": ["text/plain"]}],
        "output_data": [{"name": "copy", "type": "file", "media_type": "text/plain"}],
    }
    data = {"input_data_name": "text", "workspace_name": "products"}
    rule = {"type": "INGEST", "configuration": {"version": "1.0", "condition": {}, "data": data}}
    kind = {"name": "copy", "version": "1.0", "interface": interface, "trigger_rule": rule, "max_tries": 100}
    scale.create("/job-types/", {**kind, "cpus_required": 0.5})
    file = {"filename_regex": ".*", "workspace_name": "raw", "workspace_path": "texts"}
    strike = {"version": "1.0", "mount": "127.0.0.1:/data/incoming", "transfer_suffix": "_tmp"}
    configuration = {**strike, "files_to_ingest": [file]}
    scale.create("/strikes/", {"name": "texts", "configuration": configuration})
    return own_nfs_server.path("data") / "incoming"


def is_created(scale: RunningScale, workspace: Mapping[str, Any]) -> bool:
    """Whether a workspace is made: on a busy machine not always, by a Scale that soon gives a server up."""
    return scale.http.post("/workspaces/", json=workspace).status_code == 201


def test_a_file_on_an_nfs_server_becomes_a_product_there(
    scale: RunningScale, incoming: Path, own_nfs_server: NfsServer, transfer: Callable[[Path, str, bytes], None]
) -> None:
    transfer(incoming, "a.txt", b"hello")
    (product,) = scale.wait(lambda: scale.results("/products/"))
    assert scale.http.get(scale.get(f"/products/{product['id']}/")["url"]).text == "HELLO"
    source = scale.get("/sources/a.txt/")
    assert (own_nfs_server.path("data") / "raw" / source["file_path"]).read_bytes() == b"hello"
    content = scale.http.get(source["url"], headers={"Range": "bytes=1-3"})
    assert (content.status_code, content.content) == (206, b"ell")
    scale.wait(lambda: not [path for path in incoming.rglob("*") if path.is_file()])


@pytest.mark.parametrize("timeout", ["4"])
def test_a_server_that_hangs_fails_what_runs_and_is_used_again_when_it_answers(
    scale: RunningScale, incoming: Path, own_nfs_server: NfsServer, transfer: Callable[[Path, str, bytes], None]
) -> None:
    with own_nfs_server.stopped():
        transfer(incoming, "a.txt", b"hello")
        failed: list[dict[str, Any]] = scale.wait(lambda: failures(scale))
        assert {one["error"]["name"] for one in failed} <= {"output-storage", "input-unavailable"}
        assert scale.get("/status/")
    products = scale.wait(lambda: scale.results("/products/"))
    assert scale.http.get(scale.get(f"/products/{products[0]['id']}/")["url"]).text == "HELLO"


def test_the_ingest_of_a_large_file_shows_how_far_it_is(
    scale: RunningScale, incoming: Path, own_nfs_server: NfsServer
) -> None:
    size = 400 << 20
    with (incoming / "large.bin_tmp").open("wb") as file:
        file.truncate(size)
    (incoming / "large.bin_tmp").rename(incoming / "large.bin")
    seen: list[int] = []

    def is_ingested() -> bool:
        for ingest in scale.results("/ingests/"):
            seen.append(ingest["bytes_stored"])
            if 0 < ingest["bytes_stored"] < size and len(set(seen)) < 5:
                with own_nfs_server.stopped():  # so that there is a next second
                    time.sleep(1.0)
            return bool(ingest["status"] == "INGESTED")
        return False

    scale.wait(is_ingested)
    assert seen == sorted(seen)
    assert seen[-1] == size
    assert len({one for one in seen if 0 < one < size}) >= 2


def failures(scale: RunningScale) -> list[dict[str, Any]]:
    """Executions that have failed, whole."""
    found = scale.results("/job-executions/", status="FAILED")
    return [scale.get(f"/job-executions/{one['id']}/") for one in found]
