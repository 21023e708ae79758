"""The data folder, the documents that set Scale up, and the transfer of tiles."""

import fcntl
import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driver import DemoFailure
from driver.client import ScaleClient

EXAMPLE = Path(__file__).resolve().parent.parent
MARKER = ".night-lights-demo"
WORKSPACE_FOLDERS = ("raw", "products")


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """Make or empty the demo's data folder and hold it while the block runs.

    Only a folder with the marker file of an earlier demo is emptied. Yields the absolute path; raises `DemoFailure` if
    the folder is somebody else's or another demo is using it.
    """
    folder = path.absolute()
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise DemoFailure(f"{folder} is no folder; give another one with --data")
    if folder.exists() and any(folder.iterdir()) and not marker.is_file():
        raise DemoFailure(f"{folder} is not empty and was not made by the demo ({MARKER} is missing); give another one")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise DemoFailure(
                f"another demo is using {folder}; stop it, or give another folder with --data"
            ) from problem
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != marker:
                entry.unlink()
        for name in ("scale", "incoming", *WORKSPACE_FOLDERS):
            (folder / name).mkdir()
        yield folder


def fill_in(document: Any, values: Mapping[str, str]) -> Any:
    """Return the JSON document with the placeholders (``@DATA@``) in its strings replaced by their values."""
    if isinstance(document, str):
        for placeholder, value in values.items():
            document = document.replace(placeholder, value)
        return document
    if isinstance(document, list):
        return [fill_in(item, values) for item in document]
    if isinstance(document, dict):
        return {key: fill_in(value, values) for key, value in document.items()}
    return document


def load_documents(data: Path) -> dict[str, Any]:
    """Return the workspaces, the configuration and the strike of the example, for this machine and data folder."""
    folders = {"@DATA@": str(data)}
    # A command is split as a shell would split it, so a path with a space needs quotes.
    commands = {"@PYTHON@": shlex.quote(sys.executable), "@ALGORITHMS@": shlex.quote(str(EXAMPLE / "algorithms"))}
    return {
        name: fill_in(json.loads((EXAMPLE / f"{name}.json").read_text(encoding="utf-8")), values)
        for name, values in (("workspaces", folders), ("configuration", commands), ("strike", folders))
    }


def set_up(client: ScaleClient, data: Path) -> list[str]:
    """Create the workspaces, import the configuration and start the Strike; return the import's warnings."""
    documents = load_documents(data)
    for workspace in documents["workspaces"]:
        client.post("/workspaces/", workspace)
    answer = client.post("/configuration/", {"import": documents["configuration"]})
    client.post("/strikes/", documents["strike"])
    return [f"{warning['id']}: {warning['details']}" for warning in answer["warnings"]]


def transfer(tiles: Sequence[Path], incoming: Path, suffix: str) -> None:
    """Copy the tiles into the watched folder as a transfer does: under the suffix, then renamed."""
    for tile in tiles:
        arriving = incoming / f"{tile.name}{suffix}"
        shutil.copyfile(tile, arriving)
        arriving.rename(incoming / tile.name)
