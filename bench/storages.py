"""Kinds of storage: the broker of each, and how the same files get there and back without Scale."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nfs_rs

from bench.floors import copy_and_sync_each
from scale_broker_host.broker import HostBroker
from scale_broker_nfs.broker import NfsBroker
from scale_broker_nfs.client import PIECE
from scale_broker_s3.broker import S3Broker
from scale_core.interfaces.broker import Broker
from scale_core.testing.nfs import NfsServer, running_nfs
from scale_core.testing.objects import running_objects

Floor = Callable[[Sequence[Path], Path], float]
"""Copies files to a folder that is not there yet; seconds."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A kind of storage: its broker, and how the same files get there and back without Scale."""

    name: str
    broker: Broker
    put: Floor
    get: Floor
    put_small: Floor
    always_verifies: bool = False
    """Whether a checksum is computed of all that is retrieved."""
    get_unsynced: Floor | None = None
    """Like ``get``, and what it copies need not survive a power loss; None: ``get`` is that already."""


def host(folder: Path) -> Storage:
    """A folder, and what copies files by itself."""
    folder.mkdir()
    return Storage("host", HostBroker(folder), _copy_synced, _copy_synced, _write_each, get_unsynced=_copy)


@contextmanager
def nfs(folder: Path) -> Iterator[Storage]:
    """A server on this machine, and its bare client.

    :raises NfsMissing: there is none.
    """
    folder.mkdir()
    with running_nfs(folder) as server:
        broker = NfsBroker.from_settings(server.configuration("data"), server.options())

        def put(files: Sequence[Path], _to: Path) -> float:
            client = _client(server)  # a new one: the server forgets who was idle for long, and this one gives up then
            client.mkdir("floor", exist_ok=True)

            def loop() -> None:
                for one in files:
                    _put(client, one, f"floor/{one.name}")

            return timed(loop)

        def get(files: Sequence[Path], to: Path) -> float:
            client = _client(server)
            return retrieve(files, to, lambda one, there: _get(client, f"floor/{one.name}", there))

        yield Storage("nfs", broker, put, get, put)


@contextmanager
def s3() -> Iterator[Storage]:
    """An object store on this machine, and boto3 by itself.

    :raises ObjectStoreMissing: there is none.
    """
    with running_objects() as store:
        client = store.client()
        for bucket in ("floor", "scale"):
            client.create_bucket(Bucket=bucket)
        broker = S3Broker.from_settings({"type": "s3", "bucket_name": "scale"}, store.options())

        def put(files: Sequence[Path], _to: Path) -> float:
            return timed(lambda: [client.upload_file(str(one), "floor", f"large/{one.name}") for one in files])

        def get(files: Sequence[Path], to: Path) -> float:
            return retrieve(
                files, to, lambda one, there: client.download_file("floor", f"large/{one.name}", str(there))
            )

        def put_small(files: Sequence[Path], _to: Path) -> float:
            def loop() -> None:
                for one in files:
                    client.put_object(Bucket="floor", Key=f"small/{one.name}", Body=one.read_bytes())

            return timed(loop)

        yield Storage("s3", broker, put, get, put_small, always_verifies=True)


def _client(server: NfsServer) -> nfs_rs.Client:
    address = f"nfs://127.0.0.1:{server.port}/data"
    return nfs_rs.Client.connect(address, versions=["4.1"], uid=os.geteuid(), gid=os.getegid())


def _put(client: nfs_rs.Client, source: Path, path: str) -> None:
    """As the client does it: each piece is durable, and the file gets its name when it is whole."""
    with source.open("rb", buffering=0) as data, client.open(f"{path}.part", "wb") as target:
        while piece := data.read(PIECE):
            target.write(piece)
    client.rename(f"{path}.part", path)


def _get(client: nfs_rs.Client, path: str, destination: Path) -> None:
    left = client.stat(path).size
    buffer = memoryview(bytearray(min(PIECE, left)))
    with client.open(path, "rb") as data, destination.open("wb", buffering=0) as target:
        while left and (count := data.readinto(buffer[:left])):
            target.write(buffer[:count])
            left -= count


def _copy_synced(files: Sequence[Path], to: Path) -> float:
    os.sync()
    seconds = copy_and_sync_each(files[0].parent, to)
    shutil.rmtree(to)
    return seconds


def _copy(files: Sequence[Path], to: Path) -> float:
    return retrieve(files, to, lambda one, there: _run_cp(one, there))


def _run_cp(source: Path, to: Path) -> None:
    """Inside the kernel, as ``cp`` does it, without its start."""
    with source.open("rb") as data, to.open("xb") as target:
        while os.copy_file_range(data.fileno(), target.fileno(), 1 << 30):
            pass


def _write_each(files: Sequence[Path], to: Path) -> float:
    """A bare loop: read, write under another name, rename; and one sync of it all."""
    to.mkdir()

    def loop() -> None:
        for one in files:
            (to / f"{one.name}.part").write_bytes(one.read_bytes())
            (to / f"{one.name}.part").rename(to / one.name)
        os.sync()

    seconds = timed(loop)
    shutil.rmtree(to)
    return seconds


def retrieve(files: Sequence[Path], to: Path, get: Callable[[Path, Path], Any]) -> float:
    """Seconds of getting files into a new folder, which is removed then."""
    to.mkdir()
    seconds = timed(lambda: [get(one, to / one.name) for one in files])
    shutil.rmtree(to)
    return seconds


def timed(work: Callable[[], Any]) -> float:
    """Seconds, while nothing that others wrote before is on its way to the disk."""
    os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
