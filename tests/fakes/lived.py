"""An installation in which everything has happened that can be asked about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from fakes.running import RunningScale, transfer
from scale_core.db.models import ScaleFile
from scale_core.services.clock_runs import ProcessorContext
from scale_core.services.context import Context
from scale_core.services.daily_metrics import DailyMetrics
from scale_core.services.engines import make_engine
from scale_core.services.job_load import JobLoadService
from scale_core.services.retention import RetentionService
from scale_generated.specs.retention import Retention

COMMAND: Final = """\
#!/bin/sh
# <input> <output folder>: a product with a footprint, and what the input is about.
set -e
echo "copies $1"
echo "as it is" >&2
now=$(date -u +%Y-%m-%dT%H:00:00Z)
place='{"type": "Feature", "properties": {"cloud": 7},
  "geometry": {"type": "Polygon", "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 50]]]}}'
about="\\"data_started\\": \\"$now\\", \\"data_ended\\": \\"$now\\", \\"geo_json\\": $place"
cp "$1" "$2/copy.txt"
printf '{"version": "1.2", "output_data": [
  {"name": "copy", "file": {"path": "copy.txt", "data_types": ["copied"], "geo_metadata": {%s}}}],
  "parse_results": [{"filename": "%s", "data_types": ["seen"], "geo_metadata": {%s}}]}' \\
  "$about" "${1##*/}" "$about" >"$2/results_manifest.json"
"""
ABOUT: Final = {"title": "Title", "description": "What it is.", "category": "tests"}
AUTHOR: Final = {"author_name": "Ada", "author_url": "http://ada.example/", "icon_code": "f013"}
NEEDS: Final = {"cpus_required": 0.1, "mem_required": 16.0, "max_tries": 1}


def live(scale: RunningScale) -> None:
    """Fill a new installation; it is killed while jobs run, and their failures are not recorded."""
    scale.start()
    try:
        _Life(scale).go()
    finally:
        scale.kill()
        scale.http.close()


def tell_of_days(context: Context) -> None:
    """Record the load now and later, the space of workspaces, and the numbers of today, as the clock would have."""
    context.registry.clock_processors["workspace-usage"].run(ProcessorContext(context, context.now()))
    now = context.now()
    for minutes in (2, 1, 0):
        JobLoadService(_at(context, now - timedelta(minutes=minutes))).record()
    DailyMetrics(_at(context, now + timedelta(days=1))).compute()


def delete_old_files(context: Context) -> None:
    """Let the files be two days old, and retention delete the content of sources and superseded products."""
    with context.database.write() as session:
        for file in session.scalars(select(ScaleFile)):
            file.created -= timedelta(days=2)
            if file.unpublished is not None:
                file.unpublished -= timedelta(days=2)
    rules = Retention(sources_after="P1D", unpublished_after="P1D")
    RetentionService(context, make_engine(context), bool).run(rules)


def _at(context: Context, moment: datetime) -> Context:
    return replace(context, now=lambda: moment)


class _Life:
    def __init__(self, scale: RunningScale) -> None:
        self.scale = scale
        self.place = scale.data_dir.parent
        self.script = self.place / "copy.sh"
        self.script.write_text(COMMAND)

    def go(self) -> None:
        scale = self.scale
        self._workspaces()
        scale.create("/errors/", {"name": "odd", **_without(ABOUT, "category"), "category": "DATA"})
        copying = self._job_type("copy", self._copying(), trigger_rule=_rule("PARSE"))
        failing = self._job_type("fail", {"command": "sh", "command_arguments": "-c 'exit 3'"})
        slow = [self._job_type(f"slow-{n}", {"command": "sleep", "command_arguments": "60"}, timeout=1) for n in "ab"]
        holding = self._job_type("hold", {"command": "sleep", "command_arguments": "600"}, timeout=700)
        self._recipe_type()
        incoming = self._strike()
        for name in ("a.txt", "b.txt"):
            transfer(incoming, name, b"text\n")
        for job_type in (failing, *slow):
            self._job(job_type, {})
        scale.wait(lambda: scale.get("/job-types/system-failures/")["count"] == 2)
        scale.wait(lambda: len(scale.results("/jobs/", job_type_name="copy", status="COMPLETED")) >= 4)
        self._again(copying)
        for job_type in (holding, self._job_type("hold-too", {"command": "sleep", "command_arguments": "600"})):
            running = self._job(job_type, {})
            scale.in_status(running, "RUNNING")
        scale.wait(lambda: all(one["job_started"] for one in self._holding()))
        self._odds_and_ends(copying)

    def _holding(self) -> list[dict[str, Any]]:
        return [
            one for name in ("hold", "hold-too") for one in self.scale.results("/job-executions/", job_type_name=name)
        ]

    def _workspaces(self) -> None:
        for name in ("raw", "products", "old"):
            scale_id = self.scale.workspace(name)
            self.scale.change(f"/workspaces/{scale_id}/", _without(ABOUT, "category") | {"base_url": "http://files/"})
        self.scale.change(f"/workspaces/{scale_id}/", {"is_active": False})

    def _copying(self) -> dict[str, Any]:
        return {
            "version": "1.0",
            "command": "sh",
            "command_arguments": f"{self.script} ${{text}} ${{job_output_dir}}",
            "input_data": [{"name": "text", "type": "file"}],
            "output_data": [{"name": "copy", "type": "file"}],
        }

    def _job_type(self, name: str, interface: Mapping[str, Any], **more: Any) -> int:
        mapping = {"version": "1.0", "exit_codes": {"3": "odd"}}
        body = {"name": name, "version": "1.0", "interface": interface, "error_mapping": mapping, **ABOUT, **AUTHOR}
        return int(self.scale.create("/job-types/", body | NEEDS | more)["id"])

    def _recipe_type(self) -> None:
        place = {
            "name": "copy",
            "job_type": {"name": "copy", "version": "1.0"},
            "recipe_inputs": [{"recipe_input": "text", "job_input": "text"}],
        }
        behind = {"name": "fail", "job_type": {"name": "fail", "version": "1.0"}, "dependencies": [{"name": "copy"}]}
        inputs = [{"name": "text", "type": "file"}]
        definition = {"version": "1.0", "input_data": inputs}
        body = {"version": "1.0", "trigger_rule": _rule("INGEST")}
        for name, jobs in (("copies", [place]), ("failures", [place, behind])):
            named = {"name": name, "definition": {**definition, "jobs": jobs}}
            self.scale.create("/recipe-types/", body | _without(ABOUT, "category") | named)

    def _strike(self) -> Path:
        incoming = self.scale.strike("files", "raw", data_types=["text"])
        for name in ("more", "most"):
            self.scale.strike(name, "raw")
        for strike in self.scale.results("/strikes/"):
            self.scale.change(f"/strikes/{strike['id']}/", _without(ABOUT, "category"))
        return incoming

    def _job(self, job_type: int, data: Mapping[str, Any]) -> int:
        return int(self.scale.create("/queue/new-job/", {"job_type_id": job_type, "job_data": data})["id"])

    def _again(self, copying: int) -> None:
        """Make the products of a source a second time, so that the first ones are published no more."""
        data = self.scale.results("/jobs/", job_type_name="copy")[0]["id"]
        self.scale.ended(self._job(copying, self.scale.get(f"/jobs/{data}/")["data"]))

    def _odds_and_ends(self, copying: int) -> None:
        scale = self.scale
        scale.change(f"/job-types/{copying}/", {"trigger_rule": None})  # each copy is the reason of another one
        active = ("QUEUED", "RUNNING")
        scale.wait(lambda: not any(scale.results("/jobs/", job_type_name="copy", status=one) for one in active))
        (node,) = scale.results("/nodes/")
        scale.change(f"/nodes/{node['id']}/", {"is_paused": True, "pause_reason": "Repairs."})
        body = {"name": "boxed", "version": "1.0", "interface": {"command": "x", "command_arguments": ""}}
        boxed = {"docker_image": "example/boxed", "is_paused": True, "max_scheduled": 3}
        self._job(scale.create("/job-types/", body | boxed)["id"], {})
        for path, name in (("recipe-types", "failures"), ("job-types", "fail")):
            (one,) = (one for one in scale.results(f"/{path}/") if one["name"] == name)
            scale.change(f"/{path}/{one['id']}/", {"is_active": False})


def _rule(kind: str) -> dict[str, Any]:
    data = {"input_data_name": "text", "workspace_name": "products"}
    return {"type": kind, "configuration": {"version": "1.0", "condition": {}, "data": data}}


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
