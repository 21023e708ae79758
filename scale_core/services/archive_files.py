"""Archives on disk: records of executions as lines of JSON, logs as a tar file; both compressed."""

import gzip
import io
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

from scale_core.interfaces.logs import STREAMS
from scale_core.services.execution_logs import ExecutionLogs

FOLDER: Final = "archive"
CHUNK: Final = 1 << 20
COMPRESSION: Final = 6


class ArchiveFolder:
    """The folder ``archive`` of the data folder. A file in it is whole, or not there."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir.absolute() / FOLDER

    def write_records(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Write JSON objects, one a line, as ``name``; a file of that name is replaced.

        :raises OSError: it cannot be written.
        """
        with self._new(name) as file, gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as lines:
            for one in records:
                lines.write(orjson.dumps(one, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))

    def write_logs(self, name: str, logs: ExecutionLogs, executions: Mapping[int, datetime]) -> int:
        """Write what there is of the executions' logs, as ``ID/stdout`` and ``ID/stderr`` in a tar file ``name``;
        a file of that name is replaced. Where there is nothing, no file is made.

        :param executions: when each ended, by id.
        :return: the size of the logs in bytes.
        :raises OSError: it cannot be written, or a log not be read.
        :raises BrokerError: a workspace does not give a log.
        """
        all_logs = [_Log(logs, one, stream) for one in executions for stream in STREAMS]
        found = [one for one in all_logs if one.size]
        if found:
            with self._new(name) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as tar:
                for one in found:
                    about = tarfile.TarInfo(f"{one.execution_id}/{one.stream}")
                    about.size, about.mtime = one.size, int(executions[one.execution_id].timestamp())
                    tar.addfile(about, io.BufferedReader(one, CHUNK))
        return sum(one.size for one in found)

    @contextmanager
    def _new(self, name: str) -> Iterator[IO[bytes]]:
        self._path.mkdir(parents=True, exist_ok=True)
        part = self._path / f".{name}.part"
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path / name)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Log(io.RawIOBase):
    """One log, read piece by piece, as long as it was at first."""

    def __init__(self, logs: ExecutionLogs, execution_id: int, stream: str) -> None:
        super().__init__()
        self.execution_id, self.stream = execution_id, stream
        self.size = logs.read(execution_id, stream, 0, 0).size
        self._logs = logs
        self._offset = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        limit = min(len(buffer), self.size - self._offset)
        data = self._logs.read(self.execution_id, self.stream, self._offset, limit).data
        buffer[: len(data)] = data
        self._offset += len(data)
        return len(data)
