"""Files on their way to a storage and back, a piece at a time."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scale_broker_fsspec.folder import Folder, changed_ns
from scale_broker_fsspec.session import Session
from scale_core.interfaces.broker import StorageUnavailable, StoredFile
from scale_core.storage.content import CHUNK, HEAD, Told, write_all
from scale_core.storage.faults import storage_errors as local_errors
from scale_core.storage.streams import SizedStream

if TYPE_CHECKING:
    from scale_broker_fsspec.ahead import ReadAhead


def upload(session: Session, folder: Folder, descriptor: int, path: str, told: Told) -> StoredFile:
    """Store what a descriptor reads, whole or not at all.

    Where the storage can rename in one step, the content is written beside and then gets its name; object stores show
    an object when it is committed.
    """
    place = folder.writable(path)
    if not renames(session.fs):
        _require_commits(session, folder)
        return _write(session, descriptor, place, path, told)[0]
    part = folder.part(path)
    try:
        stored, now_ns = _write(session, descriptor, part, path, told)
        session.do(session.fs.mv, part, place)
    except BaseException:
        with suppress(Exception):  # the first failure is the one to tell; what is left is removed later
            folder.remove(part)
        raise
    if now_ns is not None:
        with suppress(Exception):  # the file is stored; the next one tries it again
            folder.remove_left(path, now_ns)
    return stored


def renames(fs: Any) -> bool:
    """Whether a file system has a way of its own to rename: fsspec copies and deletes otherwise."""
    from fsspec.spec import AbstractFileSystem

    return type(fs).mv is not AbstractFileSystem.mv


def _require_commits(session: Session, folder: Folder) -> None:
    """Refuse a file system that would show a file while it is written. What fsspec has for all does nothing.

    :raises StorageUnavailable: it is one.
    """
    from fsspec.spec import AbstractBufferedFile

    part = folder.part("")
    trial = session.do(session.fs.open, part, "wb", autocommit=False)
    commit = getattr(type(trial), "commit", None)
    with suppress(Exception):  # nothing was written to it
        session.do(trial.discard)
        trial.closed = True
    if commit is None or commit is AbstractBufferedFile.commit:
        with suppress(Exception):
            folder.remove(part)
        raise StorageUnavailable(
            f"The storage ({type(session.fs).__name__}) can neither rename a file nor show it only when it is whole: "
            "others would see half of it. Choose another protocol."
        )


def _write(session: Session, descriptor: int, place: str, path: str, told: Told) -> tuple[StoredFile, int | None]:
    """Write a file; what it is, and what time it was then where the storage is, if that tells it."""
    digest, size, head = hashlib.sha256(), 0, b""
    commits = {} if renames(session.fs) else {"autocommit": False}
    target = session.do(session.fs.open, place, "wb", **commits)
    try:
        is_pipelined = hasattr(target, "set_pipelined")
        if is_pipelined:
            session.do(target.set_pipelined, True)
        following = os.read(descriptor, CHUNK)
        while chunk := following:
            following = os.read(descriptor, CHUNK)
            if is_pipelined and not following:
                # The last piece waits for what the server says to all of them: it may have no room.
                session.do(target.set_pipelined, False)
            session.do(target.write, chunk)
            digest.update(chunk)
            head = head or chunk[:HEAD]
            size += len(chunk)
            told(size)
        session.do(target.close)
        if commits:
            session.do(target.commit)
    except BaseException:
        if commits:
            session.do(target.discard)
        raise
    found = session.do(session.fs.info, place)
    if found["size"] != size:
        raise StorageUnavailable(
            f"{found['size']} bytes of {path!r} were stored, and not {size}. See whether the storage is full."
        )
    return StoredFile(path, size, f"sha256:{digest.hexdigest()}", head), changed_ns(found)


def download(session: Session, folder: Folder, path: str, destination: Path, told: Told) -> str:
    """Copy the file at ``path`` to the new file ``destination``; its checksum. Nothing is left where that fails."""
    with RemoteFile(session, folder, path) as stream:
        with local_errors(f"retrieve {path!r}", destination):
            target = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            return _read(stream, target, path, destination, told)
        except BaseException:
            destination.unlink(missing_ok=True)
            raise
        finally:
            os.close(target)


def _read(stream: "RemoteFile", target: int, path: str, destination: Path, told: Told) -> str:
    digest, size = hashlib.sha256(), 0
    stream.read_ahead()
    while chunk := stream.read(CHUNK):
        with local_errors(f"retrieve {path!r}", destination):
            write_all(target, chunk)
        digest.update(chunk)
        size += len(chunk)
        told(size)
    if size != stream.size:
        raise StorageUnavailable(f"{path!r} broke off after {size} of {stream.size} bytes.")
    return f"sha256:{digest.hexdigest()}"


class RemoteFile(SizedStream):
    """A file of a storage, open for reading.

    :param done: called once it is closed.
    """

    def __init__(self, session: Session, folder: Folder, path: str, done: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._session = session
        self._done: Callable[[], None] = lambda: None  # it is not open yet, and closed when it never is
        place, self._size = folder.info(path)
        self._file = session.do(session.fs.open, place, "rb")
        self._ahead: ReadAhead | None = None
        self._done = done

    @property
    def size(self) -> int:
        """As it was when the file was opened."""
        return self._size

    def read_ahead(self) -> None:
        """Ask for what comes next before it is read, where that is not done anyway. It is read from its start on."""
        if hasattr(self._file, "prefetch"):
            from scale_broker_fsspec.ahead import ReadAhead  # what it needs is there where there is such a file

            self._ahead = ReadAhead(self._file, self.size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere; nothing is asked for until something is read."""
        self._file.seek(super().seek(offset, whence))
        return self._place

    # RawIOBase takes any buffer; these are the two that readers pass.
    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Read the next bytes."""
        read = self._file.read if self._ahead is None else self._ahead.read
        data = self._session.do(read, len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        """Close it where it is too, and let go of the session."""
        if self.closed:
            return
        super().close()
        try:
            with suppress(Exception):  # what was read was read; the session knows that something is wrong
                self._session.do(self._file.close)
        finally:
            self._done()
