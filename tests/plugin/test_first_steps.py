"""The first steps in docs/plugins.md lead from nothing to files in a new broker."""

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

from fakes.machine import missing
from fakes.plugin_environment import Environment, clean_environment

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
BASH, CURL = shutil.which("bash"), shutil.which("curl")
ADDRESS = "localhost:8580"
QUICK = {
    # What an index would give is there already, and the other tests of a new broker run elsewhere.
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say --no-build-isolation
    "PYTEST_ADDOPTS": "-q -p no:cacheprovider -k 'scale_finds_it or sensible'",
}


def commands() -> list[str]:
    """The blocks of commands in the section, each as a script."""
    section = re.search(r"^## A broker in ten minutes$(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    assert section
    blocks = re.findall(r"^```console\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    return ["\n".join(re.findall(r"^[$>] (.*)$", block, re.MULTILINE)) for block in blocks]


def follow(script: str, folder: Path) -> str:
    """What it says."""
    if BASH is None or CURL is None:
        missing("the commands need bash and curl")
    done = subprocess.run(
        [BASH, "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=clean_environment() | QUICK,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


def test_they_lead_to_files_that_the_new_broker_holds(tmp_path: Path) -> None:
    environment = Environment(tmp_path / ".venv")
    begin, start, use, look = commands()
    said = follow(begin, tmp_path)
    assert "acme-shelf/acme_shelf/broker.py" in said
    assert re.search(r"^acme-shelf +acme-shelf 0\.1\.0$", said, re.MULTILINE)
    assert start == ".venv/bin/scale --data-dir data up"
    with environment.running(tmp_path) as scale:
        address = scale.http.base_url
        here = f"{address.host}:{address.port}"
        follow(use.replace(ADDRESS, here), tmp_path)
        scale.wait(lambda: scale.get("/sources/")["count"])
        shown = follow(look.replace(ADDRESS, here), tmp_path)
        assert '"first.txt"' in shown
        assert shown.rstrip().endswith("Hello, shelf.")
    database = sqlite3.connect(tmp_path / "shelf.sqlite")
    assert database.execute("select count(*), sum(size) from file").fetchone() == (1, len("Hello, shelf.\n"))
    database.close()
