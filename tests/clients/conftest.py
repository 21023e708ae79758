"""A running Scale for each client, and the scripts that its jobs run."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.processes import await_none, processes_of
from fakes.running import SCALE, RunningScale
from fakes.waiting import SECONDS

SCRIPTS = {
    "copy.sh": 'set -e\n{ printf "copied "; cat "$1"; } >"$2/copy.txt"\necho "ARTIFACT:copy:$2/copy.txt"\n',
    "hold.sh": 'until test -e "$1"; do sleep 0.05; done\necho gone\n',
}
"""``copy.sh INPUT FOLDER`` makes a product; ``hold.sh FILE`` runs until there is such a file."""


@pytest.fixture
def scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningScale]:
    """A running Scale that asks who its clients are, whose data folder lies beside the scripts; nothing of it is left
    running."""
    for name, script in SCRIPTS.items():
        (tmp_path / name).write_text(script)
    running = RunningScale(tmp_path / "data", auth="on")
    running.data_dir.mkdir()
    for line in ("db upgrade", "user add ada --role admin --no-password", "token create ada"):
        done = subprocess.run(
            [SCALE, *line.split()], env=running.environment, capture_output=True, text=True, timeout=SECONDS, check=True
        )
    monkeypatch.setenv("SCALE_TOKEN", done.stdout.strip())
    running.http.headers["Authorization"] = f"Bearer {done.stdout.strip()}"
    running.start()
    yield running
    running.stop()
    running.http.close()
    assert await_none(processes_of, running.data_dir) == {}
