"""A registry of one image, which asks for a name and a password (Docker Registry HTTP API V2)."""

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from fakes.docker_engine import image_archive
from fakes.waiting import SECONDS

USER, PASSWORD = "puller", "pull-secret"
REPOSITORY: Final = "some/image"
MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
TYPES: Final = {
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


class Registry:
    """What it has, and what it was asked; while ``is_open`` is not set it answers nothing but who may ask."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.image = f"{self.host}/{REPOSITORY}:1"
        self.asked: list[str] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.answers: dict[str, tuple[str, bytes]] = {}
        self.put({})

    def put(self, labels: dict[str, str]) -> None:
        """Have the image's name stand for an image with these labels."""
        archive = image_archive()
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [_digest(archive)]},
        }
        manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST}
        manifest["config"] = self._blob("config", json.dumps(config).encode())
        manifest["layers"] = [self._blob("layer", gzip.compress(archive, mtime=0))]
        content = json.dumps(manifest).encode()
        for reference in ("1", _digest(content)):
            self.answers[f"/v2/{REPOSITORY}/manifests/{reference}"] = (MANIFEST, content)

    def configuration(self, folder: Path) -> str:
        """The path of a new Docker configuration file with credentials for it."""
        path = folder / "docker.json"
        path.write_text(json.dumps({"auths": {self.host: {"auth": _credentials()}}}))
        return str(path)

    def _blob(self, kind: str, content: bytes) -> dict[str, Any]:
        self.answers[f"/v2/{REPOSITORY}/blobs/{_digest(content)}"] = ("application/octet-stream", content)
        return {"mediaType": TYPES[kind], "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _credentials() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def running_registry() -> Iterator[Registry]:
    """A registry on a free port of the loopback, for as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            registry.asked.append(self.path)
            if self.headers.get("Authorization") != f"Basic {_credentials()}":
                self._answer(401, "application/json", b"{}", {"WWW-Authenticate": 'Basic realm="registry"'})
                return
            if self.path != "/v2/":
                registry.is_open.wait(5 * SECONDS)  # longer than a test waits for anything
            unknown = ("application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
            kind, content = registry.answers.get(self.path, unknown)
            status = 200 if self.path in registry.answers or self.path == "/v2/" else 404
            headers = {"Docker-Content-Digest": _digest(content)} if kind == MANIFEST else {}
            self._answer(status, kind, content, headers)

        do_HEAD = do_GET  # noqa: N815 - likewise

        def _answer(self, status: int, kind: str, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - likewise
            """Be silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    registry = Registry(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        registry.is_open.set()
        server.shutdown()
        server.server_close()
        thread.join()
