"""A real server that speaks S3 and SQS for tests and measurements (moto's, in a process of its own)."""

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from scale_core.testing.ports import reserved_port

CREDENTIALS: Final = {"access_key_id": "AKIASCALETEST", "secret_access_key": "scale-test-secret"}
REGION: Final = "us-east-1"
NEEDED: Final = ("boto3", "moto", "flask", "flask_cors")
SECONDS: Final = 120.0


class ObjectStore:
    """A running object store, and queues.

    :param port: of loopback, where it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def options(self, **more: Any) -> Mapping[str, Any]:
        """What an installation says about it."""
        return {**CREDENTIALS, "region_name": REGION, "endpoint_url": self.url, "timeout_seconds": 20, **more}

    def client(self, service: str = "s3") -> Any:
        """boto3's client for it."""
        import boto3  # no test but those of object stores needs it

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["access_key_id"],
            aws_secret_access_key=CREDENTIALS["secret_access_key"],
        )


class ObjectStoreMissing(Exception):
    """There is no object store to start; the message says how to get one."""


@contextmanager
def running_objects() -> Iterator[ObjectStore]:
    """A new, empty object store for as long as the block.

    :raises ObjectStoreMissing: it is not installed, or does not start.
    """
    if lacking := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ObjectStoreMissing(f"An object store to test with needs {', '.join(lacking)}: pip install 'moto[server]'")
    with reserved_port() as port:
        command = (sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await(port, process)
            yield ObjectStore(port)
        finally:
            process.terminate()
            process.wait(SECONDS)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise ObjectStoreMissing("moto's server does not start")
