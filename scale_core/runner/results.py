"""What a command that succeeded has made; a module of its own, for most of what it needs serves nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_core.runner.folder import RunFolder
from scale_core.runner.inputs import FetchedInputs
from scale_core.runner.manifest import read_manifest
from scale_core.runner.outputs import collect_outputs
from scale_core.runner.parsed import collect_parse_results
from scale_core.runner.store import store_outputs
from scale_core.runner.workspaces import PlanWorkspaces
from scale_core.specs import SpecLibrary
from scale_generated.specs.execution_plan import ExecutionPlan
from scale_generated.specs.execution_report import ReportOutput, ReportParseResult
from scale_generated.specs.results_manifest import ResultsManifest


@dataclass(frozen=True, slots=True)
class Results:
    """What goes into the report."""

    manifest: Mapping[str, Any] | None
    outputs: tuple[ReportOutput, ...]
    parse_results: tuple[ReportParseResult, ...]


class ResultsCollector:
    """Reads what a command declared and stores its outputs."""

    def __init__(self) -> None:
        self._specs = SpecLibrary.packaged()

    def collect(
        self,
        plan: ExecutionPlan,
        folder: RunFolder,
        artifacts: Mapping[str, list[str]],
        workspaces: PlanWorkspaces,
        inputs: FetchedInputs,
        check_canceled: Callable[[], None],
    ) -> Results:
        """Check everything, then store all outputs or none.

        :param artifacts: paths by output name, of the ``ARTIFACT:`` lines.
        :raises StepFailed: something that was declared is not there or not right, or cannot be stored.
        """
        made = Path(folder.outputs)
        document = read_manifest(made, self._specs)
        manifest = None if document is None else ResultsManifest.from_document(document)
        files = collect_outputs(plan.outputs, manifest, artifacts, made)
        parse_results = collect_parse_results(manifest, inputs.files, made)
        outputs = store_outputs(files, plan.output_path, workspaces, check_canceled)
        return Results(document, outputs, parse_results)
