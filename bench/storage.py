"""Brokers beside bare copies: a few large files and many small ones, on a folder, an NFS server and an object store."""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import BenchFailure, Figure, Goal, Section
from bench.options import Options
from bench.progress import progress
from bench.storages import Storage, host, nfs, retrieve, s3, timed
from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.testing.nfs import NfsMissing
from scale_core.testing.objects import ObjectStoreMissing

SMALL_BYTES = 1024
MIB = 1 << 20

READ = Goal("ratio", "at least", 0.8, 0.9)
HASHED = Goal("ratio", "at least", 0.5, 0.8)
"""Where a checksum is computed on the way."""
SMALL = Goal("ratio", "at least", 0.5, 0.8)


def measure(options: Options) -> Section:
    """Rates of a broker by themselves, each beside its floor."""
    section = Section("Storage, beside bare copies")
    work = options.work / "brokers"
    large = _files(work / "large", options.large_files, options.stored_mib * MIB)
    objects = _files(work / "objects", options.large_files, options.object_mib * MIB)
    small = _files(work / "small", options.files, SMALL_BYTES)
    try:
        section.figures += _figures(host(work / "host"), large, small, work, options.repeat)
        section.notes.append(
            "host: the floor is cp, synced; what is retrieved is not, and the copy beside it inside the kernel neither."
        )
        try:
            with nfs(work / "nfs") as storage:
                section.figures += _figures(storage, large, small, work, options.repeat)
            section.notes.append(
                "NFS: over the protocol, to an nfs-ganesha on this machine; its floor is the bare client."
            )
        except NfsMissing as error:
            section.notes.append(f"NFS is not measured: {error}")
        try:
            with s3() as storage:
                section.figures += _figures(storage, objects, small, work, options.repeat)
            section.notes.append(
                f"s3: to moto's server on this machine; its floor is boto3, the large files have {options.object_mib} "
                "MiB there, and all that is retrieved is verified."
            )
        except ObjectStoreMissing as error:
            section.notes.append(f"s3 is not measured: {error}")
    finally:
        shutil.rmtree(work)
    section.notes.append(f"{len(large)} files of {options.stored_mib} MiB, {len(small)} of {SMALL_BYTES} bytes.")
    return section


def _figures(
    storage: Storage, large: Sequence[Path], small: Sequence[Path], work: Path, repeat: int
) -> Iterator[Figure]:
    samples: dict[str, list[float]] = defaultdict(list)
    with progress(f"{storage.name} storage") as step:
        for number in range(repeat):
            for name, value in _rates(storage, large, small, work):
                samples[name].append(value)
            step(number + 1, repeat)
    storage.broker.close()
    read = HASHED if storage.always_verifies else READ
    yield Figure(f"{storage.name}: store", "MiB/s", samples["stored"], samples["put"], HASHED)
    yield Figure(f"{storage.name}: retrieve", "MiB/s", samples["fetched"], samples["got"], read)
    yield Figure(f"{storage.name}: retrieve and verify", "MiB/s", samples["verified"], samples["got"], HASHED)
    if storage.get_unsynced is not None:
        for what, rates in (("retrieve", "fetched"), ("retrieve and verify", "verified")):
            yield Figure(f"{storage.name}: {what}, floor not synced", "MiB/s", samples[rates], samples["unsynced"])
    yield Figure(f"{storage.name}: input that may be linked", "ms", samples["linked"])
    yield Figure(f"{storage.name}: store small", "files/s", samples["many"], samples["bare"], SMALL)


def _rates(storage: Storage, large: Sequence[Path], small: Sequence[Path], work: Path) -> Iterator[tuple[str, float]]:
    """Each by its name, measured once."""
    mib = sum(one.stat().st_size for one in large) / MIB
    broker, out = storage.broker, work / "out"
    yield "put", mib / storage.put(large, work / "floor")
    yield "stored", mib / timed(lambda: [broker.store(one, f"large/{one.name}") for one in large])
    yield "got", mib / storage.get(large, out)
    if storage.get_unsynced is not None:
        yield "unsynced", mib / storage.get_unsynced(large, out)
    yield "fetched", mib / retrieve(large, out, lambda one, to: broker.retrieve(f"large/{one.name}", to))
    sums = {one: broker.checksum(f"large/{one.name}") for one in large}
    verify = retrieve(large, out, lambda one, to: broker.retrieve_verified(f"large/{one.name}", to, sums[one]))
    yield "verified", mib / verify
    link = retrieve(large, out, lambda one, to: broker.retrieve(f"large/{one.name}", to, link=True))
    yield "linked", 1000 * link / len(large)
    yield "bare", len(small) / storage.put_small(small, work / "floor")
    yield "many", len(small) / timed(lambda: _store_small(broker, small))


def _store_small(broker: Broker, files: Sequence[Path]) -> None:
    for one in broker.store_many([(one, f"small/{one.name}") for one in files]):
        if isinstance(one, BrokerError):
            raise BenchFailure(f"A small file was not stored: {one}")


def _files(folder: Path, number: int, size: int) -> list[Path]:
    """New files of a size, whose content is on the disk."""
    folder.mkdir(parents=True)
    block = os.urandom(min(size, MIB))
    paths = [folder / f"{index}.bin" for index in range(number)]
    for path in paths:
        with path.open("wb") as file:
            for _ in range(size // len(block)):
                file.write(block)
    os.sync()
    return paths
