"""The program of docs/clients.md for STAC does what it says, where Scale asks who its clients are."""

import sys
from pathlib import Path

from fakes.clients import program, run
from fakes.running import RunningScale, transfer

COPIES = """\
cp "$1" "$2/copy.txt"
place='{"type": "Point", "coordinates": [10, 50]}'
about="\\"data_started\\": \\"2100-01-01T00:00:00Z\\", \\"geo_json\\": $place"
printf '{"version": "1.1", "output_data": [{"name": "copy", "file": {"path": "copy.txt", "geo_metadata": {%s}}}]}' \\
  "$about" >"$2/results_manifest.json"
"""


def test_a_program_that_knows_stac_finds_a_product(scale: RunningScale, tmp_path: Path) -> None:
    script = tmp_path / "locate.sh"
    script.write_text(COPIES)
    scale.workspace("raw")
    interface = {
        "version": "1.0",
        "command": "sh",
        "command_arguments": f"{script} ${{text}} ${{job_output_dir}}",
        "input_data": [{"name": "text", "type": "file"}],
        "output_data": [{"name": "copy", "type": "file"}],
    }
    data = {"input_data_name": "text", "workspace_name": "raw"}
    rule = {"type": "INGEST", "configuration": {"version": "1.0", "condition": {}, "data": data}}
    body = {"name": "locate", "version": "2.0", "interface": interface, "trigger_rule": rule}
    job_type = scale.create("/job-types/", body)["id"]
    transfer(scale.strike("files", "raw"), "a.txt", b"text\n")
    scale.wait(lambda: scale.results("/products/"))
    (product,) = scale.results("/products/")

    page = tmp_path / "page.py"
    page.write_text(program("python", str(scale.http.base_url).rstrip("/"), "pystac_client"))
    printed = run((sys.executable, "-Werror", page), tmp_path)
    assert printed.splitlines() == [
        "strike-1 files",
        f"job-type-{job_type} locate 2.0",
        f"{product['id']} 2100-01-01 00:00:00+00:00 {product['url']}",
    ]
