"""The s3 broker against a server, over HTTP."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from jsonschema import Draft202012Validator

from fakes.broken_wire import BrokenWireCases
from fakes.connections import connections_to
from fakes.object_store import ObjectStore, answering, refuse_writing
from fakes.waiting import SECONDS, until
from fakes.wire import Wire
from scale_broker_s3 import copies
from scale_broker_s3.broker import S3Broker
from scale_broker_s3.faults import broker_error
from scale_broker_s3.options import S3Options
from scale_broker_s3.uploads import MAX_PARTS, part_size
from scale_core.interfaces.broker import (
    Broker,
    ContentChanged,
    FileMissing,
    PathRefused,
    PathTaken,
    StorageFull,
    StorageUnavailable,
)
from scale_core.interfaces.options import OptionError
from scale_core.specs.explain import explain
from scale_core.testing import BrokerContract

pytestmark = pytest.mark.any_database

NUMBERS = count(1)
PART = 5 << 20


@pytest.fixture
def bucket(object_store: ObjectStore) -> str:
    name = f"bucket-{next(NUMBERS)}"
    object_store.client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def broker(object_store: ObjectStore, bucket: str) -> S3Broker:
    return S3Broker.from_settings(
        {"type": "s3", "bucket_name": bucket, "prefix": "some/folder"}, object_store.options()
    )


class TestS3Broker(BrokerContract):
    @pytest.fixture
    def configuration(self, bucket: str) -> Mapping[str, Any]:
        return {"type": "s3", "bucket_name": bucket, "prefix": "some/folder"}

    @pytest.fixture
    def options(self, object_store: ObjectStore) -> Mapping[str, Any]:
        return object_store.options(part_mib=5)

    @pytest.fixture
    def large_size(self) -> int:
        return 8 * PART  # as many parts as go at once; the server that tests have is slow

    @pytest.fixture
    def broker(self, configuration: Mapping[str, Any], options: Mapping[str, Any]) -> S3Broker:
        return S3Broker.from_settings(configuration, options)

    @pytest.fixture
    def has_folders(self) -> bool:
        return False

    @pytest.fixture
    def under_way(self, object_store: ObjectStore) -> tuple[Callable[[], int], int]:
        before = connections_to(object_store.port)
        return lambda: connections_to(object_store.port) - before, S3Options().transfers

    @pytest.fixture
    def failing(self, object_store: ObjectStore, bucket: str, silent_port: int) -> Iterator[Mapping[str, Broker]]:
        def made(**options: Any) -> S3Broker:
            return S3Broker.from_settings(
                {"type": "s3", "bucket_name": bucket}, object_store.options(attempts=1, **options)
            )

        refuse_writing(object_store, bucket)
        with answering(507, "XMinioStorageFull") as full:
            yield {
                "full": made(endpoint_url=full),
                "denied": made(),
                "gone": made(endpoint_url="http://127.0.0.1:1"),
                "hung": made(endpoint_url=f"http://127.0.0.1:{silent_port}", timeout_seconds=1),
            }

    # Without the one with a line's end in it, which moto has no route for.
    @pytest.mark.parametrize(
        "name", ["with space", "ünïcode", "-dash", "$HOME", "a'b\"c", "a+b%20c?d=e&f#g", "x" * 200]
    )
    def test_odd_names_are_names(self, broker: Broker, put: Callable[[str, bytes], None], name: str) -> None:
        super().test_odd_names_are_names(broker, put, name)


@pytest.fixture
def parted(object_store: ObjectStore, bucket: str) -> S3Broker:
    """One whose files go in parts as soon as they may."""
    return S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, object_store.options(part_mib=5, transfers=3))


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file of several parts, the last one shorter."""
    path = tmp_path / "big"
    path.write_bytes(os.urandom(3 * PART + 12_345))
    return path


def sha256(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_large_file_goes_in_and_out_in_parts_and_tells_its_progress(
    parted: S3Broker, object_store: ObjectStore, bucket: str, big: Path, tmp_path: Path
) -> None:
    stored_bytes: list[int] = []
    fetched_bytes: list[int] = []
    stored = parted.with_progress(stored_bytes.append).store(big, "a/big")
    parted.with_progress(fetched_bytes.append).retrieve_verified("a/big", tmp_path / "out", stored.checksum)
    size = big.stat().st_size
    assert stored.checksum == sha256(big) == sha256(tmp_path / "out")
    assert object_store.client().head_object(Bucket=bucket, Key="a/big")["ETag"].endswith('-4"')
    for told in (stored_bytes, fetched_bytes):
        assert told == [PART, 2 * PART, 3 * PART, size]


@pytest.mark.parametrize(("size", "expected"), [(1, 8 << 20), (80_000 << 20, 8 << 20), (80_001 << 20, 9 << 20)])
def test_parts_grow_with_a_file_that_would_have_too_many(size: int, expected: int) -> None:
    assert part_size(size, 8 << 20) == expected
    assert size <= MAX_PARTS * expected


def test_a_large_object_is_moved_in_parts_with_its_checksum(
    parted: S3Broker, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = parted.store(big, "x")
    monkeypatch.setattr(copies.copy, "__defaults__", (PART,))
    parted.move("x", "y")
    assert parted.checksum("y") == stored.checksum
    with parted.open("y") as content:
        assert content.read() == big.read_bytes()
    with pytest.raises(FileMissing):
        parted.stat("x")


@pytest.mark.parametrize("size", [100, 2 * PART + 1])
def test_an_object_that_others_changed_is_not_retrieved(
    parted: S3Broker, object_store: ObjectStore, bucket: str, tmp_path: Path, size: int
) -> None:
    (tmp_path / "in").write_bytes(b"a" * size)
    stored = parted.store(tmp_path / "in", "x")
    kept = object_store.client().head_object(Bucket=bucket, Key="x")["Metadata"]
    object_store.client().put_object(Bucket=bucket, Key="x", Body=b"b" * size, Metadata=kept)
    with pytest.raises(ContentChanged, match="'x'"):
        parted.retrieve("x", tmp_path / "out")
    with pytest.raises(ContentChanged, match="'x'"):
        parted.retrieve_verified("x", tmp_path / "out", stored.checksum)
    assert not (tmp_path / "out").exists()


def test_what_others_stored_has_a_checksum_too(parted: S3Broker, object_store: ObjectStore, bucket: str) -> None:
    object_store.client().put_object(Bucket=bucket, Key="x", Body=b"theirs")
    assert parted.checksum("x") == f"sha256:{hashlib.sha256(b'theirs').hexdigest()}"


@pytest.mark.parametrize("conditional", ["on", "off"])
@pytest.mark.parametrize("size", [10, 2 * PART])
def test_nothing_is_replaced_that_must_not_be(
    object_store: ObjectStore, bucket: str, tmp_path: Path, conditional: str, size: int
) -> None:
    options = object_store.options(part_mib=5, conditional_writes=conditional)
    broker = S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, options)
    for name in ("1", "2"):
        (tmp_path / name).write_bytes(name.encode() * size)
    broker.store(tmp_path / "1", "x")
    (taken,) = broker.store_many([(tmp_path / "2", "x")], replace=False)
    assert isinstance(taken, PathTaken)
    assert broker.checksum("x") == sha256(tmp_path / "1")


def test_encryption_is_asked_for(object_store: ObjectStore, bucket: str, big: Path, tmp_path: Path) -> None:
    configuration = {"type": "s3", "bucket_name": bucket, "server_side_encryption": "aws:kms", "kms_key_id": "some-key"}
    broker = S3Broker.from_settings(configuration, object_store.options(part_mib=5))
    (tmp_path / "small").write_bytes(b"small")
    broker.store(tmp_path / "small", "small")
    broker.store(big, "big")
    broker.move("small", "moved")
    for key in ("big", "moved"):
        found = object_store.client().head_object(Bucket=bucket, Key=key)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "some-key")


def test_a_signed_address_gives_the_file_and_expires(object_store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    broker = S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, object_store.options(url_seconds=600))
    (tmp_path / "in").write_bytes(b"content")
    broker.store(tmp_path / "in", "a folder/ü.txt")
    url = broker.url("a folder/ü.txt", None)
    assert url is not None
    assert "X-Amz-Expires=600" in url
    assert "scale-test-secret" not in url
    assert httpx.get(url, timeout=SECONDS).content == b"content"
    assert broker.url("a.txt", "https://files.example/x/") == "https://files.example/x/a.txt"
    without = S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, object_store.options(url_seconds=0))
    assert without.url("a.txt", None) is None


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ({"bucket_name": "x" * 2}, "bucket_name"),
        ({"bucket_name": "name", "prefix": "a/../b"}, "prefix"),
        ({"bucket_name": "name", "endpoint_url": "http://user:secret@host"}, "endpoint_url"),
        ({"bucket_name": "name", "endpoint_url": "ftp://host"}, "endpoint_url"),
        ({"bucket_name": "name", "server_side_encryption": "rot13"}, "server_side_encryption"),
    ],
)
def test_a_wrong_configuration_is_refused(document: dict[str, str], at: str) -> None:
    (error,) = Draft202012Validator(S3Broker.configuration_schema).iter_errors({"type": "s3", **document})
    assert list(error.absolute_path) == [at]


def test_a_document_with_credentials_is_refused_and_told_where_they_belong() -> None:
    document = {"type": "s3", "bucket_name": "name", "credentials": {"access_key_id": "A", "secret_access_key": "B"}}
    (error,) = Draft202012Validator(S3Broker.configuration_schema).iter_errors(document)
    problem = explain(error)
    assert problem.pointer == "/credentials"
    assert "SCALE_STORAGE_S3_ACCESS_KEY_ID" in problem.detail


def test_a_document_reaches_only_endpoints_that_the_installation_allows() -> None:
    document = {"type": "s3", "bucket_name": "name", "endpoint_url": "http://169.254.169.254/"}
    with pytest.raises(OptionError, match=r"169\.254.*SCALE_STORAGE_S3_ENDPOINTS"):
        S3Broker.from_settings(document, {"endpoint_url": "https://one.example"})
    S3Broker.from_settings(document, {"endpoints": "https://two.example, http://169.254.169.254"})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"timeout": "1"}, "timeout"),
        ({"timeout_seconds": "soon"}, "timeout_seconds"),
        ({"part_mib": 4}, "part_mib"),
        ({"url_seconds": "1000000"}, "url_seconds"),
        ({"conditional_writes": "maybe"}, "conditional_writes"),
        ({"endpoints": 7}, "endpoints"),
        ({"access_key_id": "A"}, "secret_access_key"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(OptionError, match=name):
        S3Broker.from_settings({"type": "s3", "bucket_name": "name"}, options)


def test_a_missing_bucket_is_no_missing_file(object_store: ObjectStore, tmp_path: Path) -> None:
    broker = S3Broker.from_settings({"type": "s3", "bucket_name": "no-such-bucket"}, object_store.options())
    (tmp_path / "in").write_bytes(b"content")
    for use in (
        broker.check,
        lambda: broker.stat("x"),
        lambda: broker.open("x"),
        lambda: broker.retrieve("x", tmp_path / "out"),
        lambda: broker.store(tmp_path / "in", "x"),
        lambda: broker.move("x", "y"),
    ):
        with pytest.raises(StorageUnavailable, match="no-such-bucket"):
            use()
    assert not (tmp_path / "out").exists()


def test_a_key_may_not_be_too_long(broker: S3Broker) -> None:
    with pytest.raises(PathRefused, match="1024"):
        broker.stat("ü" * 600)


def wired(object_store: ObjectStore, bucket: str, wire: Wire, **more: Any) -> S3Broker:
    options = object_store.options(endpoint_url=wire.url, attempts=1, part_mib=5, transfers=2, **more)
    return S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, options)


class TestOverABrokenWire(BrokenWireCases):
    @pytest.fixture
    def server_url(self, object_store: ObjectStore) -> str:
        return object_store.url

    @pytest.fixture
    def make(self, object_store: ObjectStore, bucket: str, wire: Wire) -> Callable[[float], Broker]:
        return lambda seconds: wired(object_store, bucket, wire, timeout_seconds=seconds)

    @pytest.fixture
    def size(self) -> int:
        return 3 * PART + 12_345

    @pytest.fixture
    def stored(self, object_store: ObjectStore, bucket: str) -> Callable[[], Mapping[str, bytes]]:
        client = object_store.client()

        def stored() -> Mapping[str, bytes]:
            keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
            unfinished = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
            whole = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
            return {**{f"{one['Key']}, unfinished": b"" for one in unfinished}, **whole}

        return stored


def test_an_open_file_goes_on_where_the_connection_broke(object_store: ObjectStore, bucket: str, big: Path) -> None:
    with Wire(object_store.url) as wire:
        broker = wired(object_store, bucket, wire)
        broker.store(big, "x")
        with broker.open("x") as content:
            begin = content.read(1_000_000)
            wire.cut_all()
            assert begin + content.read() == big.read_bytes()


def test_a_killed_store_leaves_no_file_and_the_next_one_clears_up(
    object_store: ObjectStore, bucket: str, big: Path
) -> None:
    with Wire(object_store.url) as wire:
        wire.break_after(7_000_000, "stall", "up")
        options = object_store.options(endpoint_url=wire.url, part_mib=5, transfers=2)
        program = (
            "import sys, json, pathlib; from scale_broker_s3.broker import S3Broker;"
            "b = S3Broker.from_settings({'type': 's3', 'bucket_name': sys.argv[1]}, json.loads(sys.argv[2]));"
            "b.store(pathlib.Path(sys.argv[3]), 'x', move=True)"
        )
        process = subprocess.Popen([sys.executable, "-c", program, bucket, json.dumps(options), str(big)])
        client = object_store.client()
        until(lambda: client.list_multipart_uploads(Bucket=bucket).get("Uploads"))
        process.send_signal(signal.SIGKILL)
        process.wait()
    broker = S3Broker.from_settings({"type": "s3", "bucket_name": bucket}, object_store.options(part_mib=5))
    with pytest.raises(FileMissing):
        broker.stat("x")
    assert broker.store(big, "x", move=True).size == 3 * PART + 12_345
    assert "Uploads" not in object_store.client().list_multipart_uploads(Bucket=bucket)


@pytest.mark.parametrize(
    ("code", "status", "kind", "hint"),
    [
        ("AccessDenied", 403, StorageUnavailable, "credentials"),
        ("403", 403, StorageUnavailable, "credentials"),
        ("NoSuchBucket", 404, StorageUnavailable, "Make the bucket"),
        ("QuotaExceeded", 403, StorageFull, "quota"),
        ("XMinioStorageFull", 507, StorageFull, "space"),
        ("SlowDown", 503, StorageUnavailable, "fewer requests"),
        ("PermanentRedirect", 301, StorageUnavailable, "region_name"),
        ("NoSuchUpload", 404, StorageUnavailable, "anew"),
        ("NoSuchKey", 404, FileMissing, "no such file"),
        ("InternalError", 500, StorageUnavailable, "500"),
    ],
)
def test_what_the_store_answers_is_told_as_what_it_means(code: str, status: int, kind: type, hint: str) -> None:
    answer = {"Error": {"Code": code, "Message": "Text."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    meant = broker_error("store 'x'", "s3://bucket/", ClientError(answer, "PutObject"))
    assert type(meant) is kind
    assert "store 'x'" in str(meant)
    assert hint in str(meant)
