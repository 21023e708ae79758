"""The content of files over HTTP: what clients do with it, and what storages do meanwhile."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import httpx
import pytest

import scale_broker_nfs.plugin
import scale_engine_local.plugin
from fakes.nfs_server import NfsServer, helpers
from fakes.served import serving
from fakes.waiting import SECONDS, until, until_equal
from fakes.world import World
from scale_broker_host.broker import HostBroker
from scale_core.db.models import ScaleFile, Workspace
from scale_core.interfaces.broker import Broker
from scale_core.plugin import hookimpl
from scale_core.services.broker_cache import BrokerCache

pytestmark = pytest.mark.any_database

PATIENCE = 0.5
MANY = 50
"""More than a server has threads for requests."""
SPARSE = 3 << 30


class Gates:
    """A plugin with the broker ``gate``: a folder that can be made to hang when it is checked, and its files when they
    are opened or read."""

    def __init__(self) -> None:
        self.opens = threading.Event()
        self.reads = threading.Event()
        self.checks = threading.Event()
        self.open_again()

    def open_again(self) -> None:
        self.opens.set()
        self.reads.set()
        self.checks.set()

    @hookimpl
    def scale_register_brokers(self) -> list[type[Broker]]:
        gates = self

        class GateBroker(HostBroker):
            type_name = "gate"
            configuration_schema: ClassVar[Mapping[str, Any]] = {}

            def check(self) -> None:
                assert gates.checks.wait(SECONDS)
                super().check()

            def probe(self) -> None:
                assert gates.checks.wait(SECONDS)
                super().probe()

            def open(self, path: str) -> BinaryIO:
                assert gates.opens.wait(SECONDS)
                stream = super().open(path)
                read = stream.read

                def slow(size: int = -1) -> bytes:
                    assert gates.reads.wait(SECONDS)
                    return read(size)

                stream.read = slow  # type: ignore[method-assign]
                return stream

        return [GateBroker]


@dataclass(frozen=True)
class Served:
    """An installation that answers, and its workspaces."""

    world: World
    gates: Gates
    http: httpx.Client

    def workspace(self, name: str, broker: Mapping[str, Any], **values: Any) -> int:
        now = self.world.context.now()
        with self.world.database.write() as session:
            row = Workspace(
                name=name, json_config={"version": "1.0", "broker": broker}, created=now, last_modified=now, **values
            )
            session.add(row)
            session.flush()
            return row.id

    def file(self, workspace_id: int, path: str, size: int, **values: Any) -> str:
        """Record a file; where its content is."""
        now = self.world.context.now()
        given = {"file_name": Path(path).name, "media_type": "application/x-data", "checksum": f"sha256:{'0' * 64}"}
        with self.world.database.write() as session:
            row = ScaleFile(
                file_type="SOURCE",
                workspace_id=workspace_id,
                file_path=path,
                file_size=size,
                data_type=[],
                uuid="0" * 32,
                meta_data={},
                countries=[],
                created=now,
                last_modified=now,
                **(given | values),
            )
            session.add(row)
            session.flush()
            return f"/files/{row.id}/content/"

    def stored(self, name: str, content: bytes, **values: Any) -> str:
        (self.world.storage / name).write_bytes(content)
        return self.file(1, name, len(content), **values)

    def change(self, url: str, **values: Any) -> None:
        with self.world.database.write() as session:
            row = session.get_one(ScaleFile, int(url.split("/")[2]))
            for name, value in values.items():
                setattr(row, name, value)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    gates = Gates()
    world = World(tmp_path_factory.mktemp("content"), gates, scale_broker_nfs.plugin, scale_engine_local.plugin)
    with (
        serving(world.context) as address,
        httpx.Client(
            base_url=address, timeout=SECONDS, trust_env=False, limits=httpx.Limits(max_connections=2 * MANY)
        ) as http,
    ):
        yield Served(world, gates, http)
        gates.open_again()
    world.database.close()


@pytest.fixture(scope="module")
def impatient(served: Served) -> Iterator[httpx.Client]:
    """A client of a server of the same installation that waits for storages only for a moment."""
    context = served.world.context
    settings = replace(context.settings, content_seconds=PATIENCE)
    with (
        serving(replace(context, settings=settings)) as address,
        httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as http,
    ):
        yield http


@pytest.fixture(scope="module")
def gated(served: Served) -> str:
    """Where the content of a file in a workspace is that can be made to hang."""
    workspace = served.workspace("gated", {"type": "gate", "host_path": str(served.world.storage)})
    (served.world.storage / "gated").write_bytes(b"x" * 3_000_000)
    return served.file(workspace, "gated", 3_000_000)


@pytest.fixture(scope="module")
def sparse(served: Served) -> str:
    """Where the content of a file of 3 GiB is, of which only the end is written."""
    with (served.world.storage / "sparse").open("wb") as file:
        file.truncate(SPARSE - 3)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    return served.file(1, "sparse", SPARSE)


def is_open(path: Path) -> bool:
    """Whether this process, which has the server, has a file open."""
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if entry.readlink() == path:
                return True
        except OSError:  # another one, gone meanwhile
            continue
    return False


def reading() -> int:
    """How many files are read now."""
    return sum(one.name.startswith("content of") for one in threading.enumerate())


def test_an_empty_file_has_no_bytes_and_no_ranges(served: Served) -> None:
    url = served.stored("empty", b"")
    whole = served.http.get(url)
    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, b"", "0")
    assert served.http.get(url, headers={"range": "bytes=0-"}).status_code == 416


def test_head_tells_what_get_would(served: Served) -> None:
    url = served.stored("é.txt", b"0123456789", media_type="text/plain")
    whole, head = served.http.get(url), served.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    changing = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in whole.headers.items() if k not in changing
    }
    assert head.headers["content-disposition"] == "inline; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"
    (served.world.storage / "é.txt").unlink()
    assert served.http.head(url).status_code == 404


def test_an_uploaded_page_runs_nothing_on_this_site(served: Served) -> None:
    headers = served.http.get(served.stored("x.html", b"<script>alert(1)</script>", media_type="text/html")).headers
    assert "sandbox" in headers["content-security-policy"].split("; ")
    assert headers["x-content-type-options"] == "nosniff"


def test_a_client_that_resumes_gets_the_rest_of_the_same_content_only(served: Served) -> None:
    content = os.urandom(1_000_000)
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    url = served.stored("resumed", content, checksum=checksum)
    with served.http.stream("GET", url) as response:
        first = next(response.iter_bytes(300_000))
        etag = response.headers["etag"]
    resume = {"range": f"bytes={len(first)}-", "if-range": etag}
    rest = served.http.get(url, headers=resume)
    assert rest.status_code == 206
    assert first + rest.content == content
    served.change(url, checksum="sha256:00")
    assert served.http.get(url, headers=resume).content == content


@pytest.mark.parametrize("is_replaced", [False, True], ids=["written over", "replaced"])
def test_a_file_that_others_changed_is_not_taken_for_what_the_client_has(served: Served, is_replaced: bool) -> None:
    path = served.world.storage / f"others-{is_replaced}"
    url = served.stored(path.name, b"one of two")
    etag = served.http.get(url).headers["etag"]
    assert served.http.get(url, headers={"if-none-match": etag}).status_code == 304
    assert served.http.head(url, headers={"if-none-match": etag}).status_code == 304
    assert served.http.get(url, headers={"if-match": etag}).content == b"one of two"
    facts = path.stat()
    if is_replaced:
        path.with_suffix(".new").write_bytes(b"two of two")
        os.utime(path.with_suffix(".new"), ns=(facts.st_atime_ns, facts.st_mtime_ns))
        path.with_suffix(".new").replace(path)
    else:
        path.write_bytes(b"two of two")
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    now = served.http.get(url, headers={"if-none-match": etag})
    assert (now.status_code, now.content) == (200, b"two of two")
    assert now.headers["etag"] != etag
    rest = served.http.get(url, headers={"range": "bytes=4-", "if-range": etag})
    assert (rest.status_code, rest.content) == (200, b"two of two")
    refused = served.http.get(url, headers={"if-match": etag, "range": "bytes=4-"})
    assert (refused.status_code, refused.headers["etag"]) == (412, now.headers["etag"])
    assert refused.json()["title"] == "Precondition Failed"


def test_a_file_that_scale_moves_stays_what_it_was(served: Served) -> None:
    url = served.stored("before", b"moved on")
    etag = served.http.get(url).headers["etag"]
    HostBroker(served.world.storage).move("before", "after")
    served.change(url, file_path="after")
    assert served.http.get(url, headers={"if-none-match": etag}).status_code == 304


def test_the_end_of_a_file_of_3_gib_comes_without_the_beginning(served: Served, sparse: str) -> None:
    part = served.http.get(sparse, headers={"range": "bytes=-5"})
    assert (part.content, part.headers["content-range"]) == (b"\0\0end", f"bytes {SPARSE - 5}-{SPARSE - 1}/{SPARSE}")
    assert served.http.head(sparse).headers["content-length"] == str(SPARSE)


def test_a_client_that_goes_away_leaves_nothing_open(served: Served, sparse: str) -> None:
    path = served.world.storage / "sparse"
    with socket.create_connection((served.http.base_url.host, served.http.base_url.port or 0)) as client:
        client.sendall(f"GET {sparse} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        assert is_open(path)
    until(lambda: not is_open(path))
    until(lambda: not reading())


def test_two_at_once_get_the_same(served: Served) -> None:
    content = os.urandom(3_000_000)
    url = served.stored("shared", content)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: served.http.get(url).content, range(4)))
    assert found == [content] * 4


def test_a_storage_that_hangs_keeps_nobody_from_anything_else(served: Served, gated: str) -> None:
    served.gates.opens.clear()
    other = served.stored("other", b"other")
    with ThreadPoolExecutor(MANY) as pool:
        try:
            hanging = [pool.submit(served.http.get, gated) for _ in range(MANY)]
            until_equal(reading, MANY)
            assert served.http.get("/workspaces/").status_code == 200
            assert served.http.get(other).content == b"other"
            assert not any(one.done() for one in hanging)
        finally:
            served.gates.open_again()
        assert {one.result().status_code for one in hanging} == {200}


def test_a_storage_that_hangs_is_told_of_with_when_to_come_again(
    served: Served, impatient: httpx.Client, gated: str
) -> None:
    served.gates.opens.clear()
    try:
        response = impatient.get(gated)
    finally:
        served.gates.open_again()
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert "'gated' has not given the file 'gated' for 0.5 s" in response.json()["detail"]
    until_equal(lambda: impatient.get(gated).status_code, 200)


def test_where_the_content_breaks_off_the_client_sees_that_it_did(
    served: Served, impatient: httpx.Client, gated: str, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks_off() -> bool:
        try:
            assert impatient.get(gated).status_code == 503, "it came to its end"
        except httpx.RemoteProtocolError:
            return True
        return False  # not even the file was opened in time

    served.gates.reads.clear()
    try:
        until(breaks_off)
    finally:
        served.gates.open_again()
    assert "no more of 'gated' in the workspace 'gated' came for 0.5 s" in caplog.text
    assert len(served.http.get(gated).content) == 3_000_000


def test_a_file_that_is_not_what_was_stored_is_not_given_for_it(served: Served) -> None:
    url = served.stored("cut", b"0123456789")
    (served.world.storage / "cut").write_bytes(b"01234")
    response = served.http.get(url)
    assert response.status_code == 503
    assert "it has 5 bytes and had 10" in response.json()["detail"]


def test_a_storage_that_nothing_installed_knows_is_no_fault_of_the_request(served: Served) -> None:
    response = served.http.get(served.file(served.workspace("strange", {"type": "strange"}), "x", 1))
    assert response.status_code == 503
    assert "No broker of type 'strange' is installed" in response.json()["detail"]


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_file_that_is_being_moved_is_there_all_the_time(served: Served, is_moved: bool) -> None:
    url = served.stored(f"old-{is_moved}", b"moved")
    served.change(url, moving_to=f"new-{is_moved}")
    if is_moved:
        (served.world.storage / f"old-{is_moved}").rename(served.world.storage / f"new-{is_moved}")
    assert served.http.get(url).content == b"moved"


def test_an_archived_workspace_still_gives_its_files(served: Served, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    workspace = served.workspace("archived", {"type": "host", "host_path": str(tmp_path)}, is_active=False)
    assert served.http.get(served.file(workspace, "kept", 4)).content == b"kept"


def test_a_name_of_any_kind_makes_an_address_that_leads_to_the_file(served: Served, tmp_path: Path) -> None:
    workspace = served.workspace("web", {"type": "host", "host_path": str(tmp_path)}, base_url="https://files.test/w/")
    url = served.file(workspace, "2026/a b#c?d%e é.tif", 1)
    file = served.http.get(url.removesuffix("content/")).json()
    assert file["url"] == "https://files.test/w/2026/a%20b%23c%3Fd%25e%20%C3%A9.tif"
    here = served.stored("a b#c.txt", b"here")
    assert served.http.get(served.http.get(here.removesuffix("content/")).json()["url"]).content == b"here"


def test_content_on_an_nfs_server_takes_processes_while_it_is_read(
    served: Served, nfs_server: NfsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scale_core.services.broker_cache.KEEP_SECONDS", 0.5)
    content = os.urandom(20_000_000)
    (nfs_server.path("data") / "content").write_bytes(content)
    workspace = served.workspace("nfs", nfs_server.configuration("data"))
    url = served.file(workspace, "content", len(content))
    context = served.world.context
    options = {"nfs": {"port": nfs_server.port, "timeout": SECONDS}}
    settings = replace(context.settings, storage_options=options)
    reaching = replace(context, settings=settings, brokers=BrokerCache())
    with serving(reaching) as address, httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as http:
        part = http.get(url, headers={"range": "bytes=19999000-"})
        assert part.content == content[19999000:]
        assert hashlib.sha256(http.get(url).content).digest() == hashlib.sha256(content).digest()
        with http.stream("GET", url) as response:
            pieces = response.iter_raw()
            assert next(pieces)
            time.sleep(1.5)  # it is let go, but not by who reads
            assert next(pieces)
            assert helpers()
        until(lambda: not helpers())


def test_a_workspace_whose_storage_hangs_is_refused_in_time(served: Served, impatient: httpx.Client) -> None:
    served.gates.checks.clear()
    body = {"name": "new", "json_config": {"broker": {"type": "gate", "host_path": str(served.world.storage)}}}
    try:
        refused = impatient.post("/workspaces/", json=body)
        found = impatient.post("/workspaces/validation/", json=body)
    finally:
        served.gates.open_again()
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/json_config/broker")
    assert "has not answered for 0.5 s" in refused.json()["detail"]
    assert found.json()["warnings"][0]["id"] == "broker"
    until_equal(lambda: impatient.post("/workspaces/", json=body).status_code, 201)
