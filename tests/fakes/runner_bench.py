"""The runner with real processes and a real workspace, in a node agent's worker."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.waiting import SECONDS
from scale_core.interfaces.engine import (
    AgentSettings,
    EngineEvent,
    ExecutionFinished,
    ExecutionPlan,
    ExecutionReport,
)
from scale_core.runner.client import AgentClient, start_agent
from scale_core.specs import SpecLibrary
from scale_core.testing.runs import RecordingListener, make_plan

GEO_JSON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
LOG_LIMIT = 1 << 20


class Node:
    """A node agent, and who listens to it now."""

    def __init__(self, folder: Path, *, limits: bool = True) -> None:
        self.folder = folder
        self.listener = RecordingListener()
        settings = AgentSettings(folder, log_limit=LOG_LIMIT, kill_grace=0.5, limits=limits)
        self.agent: AgentClient = start_agent(settings, self.tell)

    def tell(self, events: Sequence[EngineEvent]) -> None:
        self.listener.notify(events)

    def workers(self) -> list[int]:
        pid = self.agent.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def cpu_seconds(self) -> float:
        """What agent and workers have used, without their children."""
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self.processes()) / 1e9

    def processes(self) -> list[int]:
        return [self.agent.pid, *self.workers()]


@dataclass
class Bench:
    """A workspace and a node, on which everything is execution 1."""

    node: Node
    folder: Path
    workspace: Path
    specs: SpecLibrary

    def script(self, text: str) -> str:
        """A command that runs a shell script with the output folder as $1."""
        path = self.workspace.parent / "script.sh"
        path.write_text(text)
        return f"/bin/sh {path}"

    def run(
        self,
        text: str,
        arguments: str = "${job_output_dir}",
        *,
        outputs: Sequence[Mapping[str, Any]] = (),
        inputs: Sequence[Mapping[str, Any]] = (),
        timeout: float | None = SECONDS,
    ) -> ExecutionReport:
        return self.run_plan(self.plan(self.script(text), arguments, outputs=outputs, inputs=inputs, timeout=timeout))

    def plan(self, command: str, arguments: str = "", **more: Any) -> ExecutionPlan:
        return make_plan(
            command,
            arguments,
            workspaces={"products": {"version": "1.0", "broker": {"type": "host", "host_path": str(self.workspace)}}},
            **more,
        )

    def run_plan(self, plan: ExecutionPlan) -> ExecutionReport:
        self.launch(plan)
        return self.report()

    def launch(self, plan: ExecutionPlan) -> None:
        assert self.specs.problems("execution-plan", plan.to_document()) == []
        self.node.listener = RecordingListener()
        self.node.agent.launch([plan])

    def report(self) -> ExecutionReport:
        end = self.node.listener.wait_for_end(1, SECONDS)
        assert isinstance(end, ExecutionFinished), end
        document = end.report.to_document()
        assert self.specs.problems("execution-report", document) == []
        if self.folder.is_dir():
            assert {path.name for path in self.folder.iterdir()} <= {"stdout", "stderr", "report.json"}
            assert json.loads((self.folder / "report.json").read_text()) == document
        return end.report

    def lines(self) -> list[str]:
        return (self.folder / "stdout").read_text().splitlines()

    def stored(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.workspace))
            for path in self.workspace.rglob("*")
            if path.is_file() and not str(path.relative_to(self.workspace)).startswith("in/")
        )


def output(name: str, type_: str = "file", *, required: bool = True, media_type: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": type_, "required": required, "media_type": media_type, "workspace": "products"}


def source(bench: Bench, path: str, *, id_: int = 1, is_source: bool = True) -> dict[str, Any]:
    """A file in the workspace, as plans name it."""
    (bench.workspace / path).parent.mkdir(parents=True, exist_ok=True)
    (bench.workspace / path).write_text(f"content of {path}")
    return {
        "id": id_,
        "workspace": "products",
        "path": path,
        "file_name": Path(path).name,
        "media_type": "text/plain",
        "size": 1,
        "checksum": None,
        "is_source": is_source,
    }


def manifest(document: Mapping[str, Any]) -> str:
    """A script that writes it."""
    return f"cat > $1/results_manifest.json <<'END'\n{json.dumps(document)}\nEND\n"


def failed(report: ExecutionReport, kind: str, step: str = "post") -> str:
    """Check how it failed; returns the message."""
    assert report.status == "FAILED"
    assert report.failure is not None
    assert (report.failure.kind, report.failure.step) == (kind, step)
    assert report.outputs == ()
    return report.failure.message


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
