"""A running Scale that processes the night-lights example."""

import shutil
from pathlib import Path
from typing import Any

from driver.client import ScaleClient
from driver.setup import EXAMPLE, load_documents, set_up
from driver.setup import transfer as transfer_tiles

from fakes.running import RunningScale, transfer

TILES = sorted((EXAMPLE / "tiles").glob("*.png"))[:2]
WORKSPACE = "raw"
"""The name of the workspace of what is ingested."""
BROKEN = "N60E010.png"
"""The name of a tile that is no image."""

HOLD = """\
echo "first line: $1"
until test -e "$1"; do sleep 0.1; done
echo "last line"
"""


def a_scan(name: str) -> dict[str, Any]:
    """The body of a Scan of files that are not there."""
    rule = {"filename_regex": ".*", "workspace_path": "old", "workspace_name": "raw"}
    return {"name": name, "configuration": {"mount": "/archive", "files_to_ingest": [rule]}}


class LivedIn(RunningScale):
    """A Scale that has processed the example, with a job that failed, for its data, and a job type whose jobs run until
    they are told to end.

    :param folder: of its data, its directories and its database.
    """

    hold_type: int
    failed_job: int

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data", database_url=f"sqlite:///{folder / 'data' / 'scale.db'}")
        self.folder = folder
        folder.mkdir()

    def keep(self, copy: Path) -> None:
        """Keep all that there is, to begin anew from. It must not run."""
        shutil.copytree(self.folder, copy)

    def begin_anew(self, copy: Path) -> None:
        """Be again what was kept: nobody sees what tests in between have done. It must not run."""
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)

    def process_example(self) -> None:
        """Take some tiles through Scale, and one that cannot be read; this one's job fails."""
        for name in ("incoming", WORKSPACE, "products"):
            (self.folder / name).mkdir()
        with ScaleClient(str(self.http.base_url)) as client:
            set_up(client, self.folder)
        strike = load_documents(self.folder)["strike"]["configuration"]
        transfer_tiles(TILES, Path(strike["mount"]), strike["transfer_suffix"])
        transfer(Path(strike["mount"]), BROKEN, b"no image\n")
        self.hold_type = self._hold_type(self.folder / "hold.sh")
        (failed,) = self.wait(lambda: self.results("/jobs/", job_type_name="geotiff-maker", status="FAILED"))
        self.failed_job = int(failed["id"])
        self.wait(
            lambda: self.count("point-detector", "COMPLETED") == self.count("quicklook", "COMPLETED") == len(TILES)
        )

    def count(self, job_type_name: str, status: str) -> int:
        """How many jobs of a job type have a status."""
        return int(self.get("/jobs/", job_type_name=job_type_name, status=status)["count"])

    def _hold_type(self, script: Path) -> int:
        script.write_text(HOLD)
        interface = {
            "command": f"sh {script}",
            "command_arguments": "${until}",
            "input_data": [{"name": "until", "type": "property"}],
        }
        body = {"name": "hold", "version": "1.0", "title": "Hold", "interface": interface, "cpus_required": 0.1}
        return int(self.create("/job-types/", body)["id"])

    def hold(self, file: Path) -> int:
        """A new job that runs until there is such a file; its id."""
        data = {"version": "1.0", "input_data": [{"name": "until", "value": str(file)}], "output_data": []}
        made = self.create("/queue/new-job/", {"job_type_id": self.hold_type, "job_data": data})
        return int(made["id"])
