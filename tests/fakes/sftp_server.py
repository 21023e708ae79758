"""An SFTP server on a folder of this machine."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncssh

USER: Final = "scale"
PASSWORD: Final = "a secret of the tests"


class SftpServer:
    """A running server.

    :param root: the folder that its clients see as ``/``.
    :param connections: all that were ever made to it.
    :param sealed: folders that its user may not read.
    """

    def __init__(self, root: Path, port: int, host_key: str, connections: Sized, sealed: set[bytes]) -> None:
        self.root = root
        self.connections = connections
        self.port = port
        self.url = f"sftp://127.0.0.1:{port}"
        self.host_key = host_key
        self._sealed = sealed

    @contextmanager
    def sealed(self, folder: str) -> Iterator[None]:
        """Have its user not read what is in a folder, whose path is that which clients see."""
        self._sealed.add(os.fsencode(folder))
        try:
            yield
        finally:
            self._sealed.remove(os.fsencode(folder))

    def options(self, port: int | None = None, **more: Any) -> Mapping[str, Any]:
        """What an installation says about it, under the name ``archive``."""
        account = {"password": PASSWORD, "host_key": self.host_key, "look_for_keys": False, "allow_agent": False}
        return {"accounts": {"archive": account}, "hosts": [f"127.0.0.1:{port or self.port}"], **more}

    def configuration(self, path: str = "/store/files", port: int | None = None) -> Mapping[str, Any]:
        """The configuration of a workspace on it."""
        place = {"host": "127.0.0.1", "port": port or self.port, "path": path}
        return {"type": "fsspec", "protocol": "sftp", "username": USER, "account": "archive", **place}


class _Server(asyncssh.SSHServer):
    def __init__(self, connections: "list[asyncssh.SSHServerConnection]") -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_server(root: Path) -> Iterator[SftpServer]:
    """One on ``root``, until the block ends."""
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sftp-server")
    thread.start()
    connections: list[asyncssh.SSHServerConnection] = []
    sealed: set[bytes] = set()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Server(connections),
            server_host_keys=[key],
            sftp_factory=lambda channel: _Files(channel, root, sealed),
            allow_scp=False,
        )

    async def end() -> None:
        listener.close()
        await listener.wait_closed()
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(one.wait_closed() for one in connections), return_exceptions=True)
        await asyncio.sleep(0)  # transports close when the loop comes round
        others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listener = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    try:
        yield SftpServer(root, listener.get_port(), key.export_public_key().decode().strip(), connections, sealed)
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: Any, root: Path, sealed: set[bytes]) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._sealed = sealed

    def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if path.rstrip(b"/") in self._sealed:
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        return super().scandir(path)
