"""An installation in which files flow through all there is: ingest, a recipe with a join, a parse rule, products.

A job's first failure is its last (``max_tries`` 1), so that an interruption that costs a try shows. Every command holds
a lock while it runs, so that a job that runs twice at once shows too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.running import RunningScale

COMMAND = """\
#!/bin/sh
# <where the locks are> <name of the step> <output folder> <seconds> <inputs> ...
set -e
locks=$1 step=$2 out=$3 seconds=$4
shift 4
exec 9>"$locks/$SCALE_JOB_ID"
flock -n 9 || echo "$step $SCALE_JOB_ID" >>"$locks/overlaps"
test "$seconds" = 0 || sleep "$seconds"
{ test $# = 0 || cat "$@"; echo "$step"; } >"$out/$step.txt"
if test "$step" = join; then
  name=${3##*/}
  printf '{"output_data": [{"name": "result", "file": {"path": "join.txt"}}], "parse_results": [
    {"filename": "%s", "data_types": ["joined"], "new_workspace_path": "joined"}]}' \\
    "$name" >"$out/results_manifest.json"
else
  echo "ARTIFACT:result:$out/$step.txt"
fi
"""

STEPS = ("one", "two", "join", "late")
"""The job types that each file leads to a job of."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The installation; what it is called where."""

    incoming: Path
    raw: Path
    products: Path
    overlaps: Path
    direct_type: int
    products_id: int

    def direct_job(self) -> dict[str, Any]:
        """The body that queues a job of its own, which makes a product out of nothing."""
        output = [{"name": "result", "workspace_id": self.products_id}]
        return {"job_type_id": self.direct_type, "job_data": {"output_data": output}}


def expected_product(step: str, source: str) -> str:
    """What the product of a step of the file with the content ``source`` holds."""
    one, two = f"{source}one\n", f"{source}two\n"
    before = {"one": source, "two": source, "join": f"{one}{two}{source}", "late": source, "direct": ""}
    return f"{before[step]}{step}\n"


def build_pipeline(scale: RunningScale) -> Pipeline:
    """Make it on a running Scale."""
    place = scale.data_dir.parent
    script, locks = place / "step.sh", place / "locks"
    script.write_text(COMMAND)
    locks.mkdir()
    scale.workspace("raw")
    products_id = scale.workspace("products")

    def job_type(step: str, seconds: str, inputs: list[str], **more: Any) -> int:
        arguments = f"{script} {locks} {step} ${{job_output_dir}} {seconds} "
        interface = {
            "version": "1.0",
            "command": "sh",
            "command_arguments": arguments + " ".join(f"${{{name}}}" for name in inputs),
            "input_data": [{"name": name, "type": "file"} for name in inputs],
            "output_data": [{"name": "result", "type": "file"}],
        }
        body = {"name": step, "version": "1.0", "interface": interface, "max_tries": 1, "cpus_required": 0.5}
        return int(scale.create("/job-types/", {**body, "mem_required": 16.0, **more})["id"])

    def place_of(step: str, *dependencies: tuple[str, str]) -> dict[str, Any]:
        return {
            "name": step,
            "job_type": {"name": step, "version": "1.0"},
            "recipe_inputs": [{"recipe_input": "text", "job_input": "text"}],
            "dependencies": [
                {"name": name, "connections": [{"output": "result", "input": given}]} for name, given in dependencies
            ],
        }

    job_type("one", "0", ["text"])
    job_type("two", "0.1", ["text"])
    job_type("join", "0", ["left", "right", "text"])
    job_type("late", "0", ["text"], trigger_rule=_rule("PARSE", data_types=["joined"]))
    direct_type = job_type("direct", "0.2", [])
    definition = {
        "version": "1.0",
        "input_data": [{"name": "text", "type": "file"}],
        "jobs": [place_of("one"), place_of("two"), place_of("join", ("one", "left"), ("two", "right"))],
    }
    recipe = {"name": "branches", "version": "1.0", "definition": definition, "trigger_rule": _rule("INGEST")}
    scale.create("/recipe-types/", recipe)
    incoming = scale.strike("files", "raw")
    return Pipeline(incoming, place / "raw", place / "products", locks / "overlaps", direct_type, products_id)


def _rule(kind: str, **condition: Any) -> dict[str, Any]:
    data = {"input_data_name": "text", "workspace_name": "products"}
    return {"type": kind, "configuration": {"version": "1.0", "condition": condition, "data": data}}
