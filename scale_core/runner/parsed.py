"""The parse results of a manifest: what the algorithm found out about source files (reference: Results Manifest)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import find_output
from scale_core.runner.geometry import check_geometry
from scale_core.runner.manifest import read_json
from scale_core.runner.times import normal_timestamp
from scale_generated.specs.execution_plan import PlanFile
from scale_generated.specs.execution_report import ReportParseResult
from scale_generated.specs.results_manifest import GeoMetadata, ParseResult, ResultsManifest


def collect_parse_results(
    manifest: ResultsManifest | None, files: Mapping[str, Sequence[PlanFile]], outputs: Path
) -> tuple[ReportParseResult, ...]:
    """The manifest's parse results, each with the id of its source file.

    :param files: the input files by the name that the algorithm saw.
    :param outputs: the output folder, in which a ``gis_data_path`` must be.
    :raises StepFailed: a result is for a file that is no source file among the inputs, or its geometry is not usable.
    """
    results: dict[int, ReportParseResult] = {}
    for parsed in manifest.parse_results if manifest else ():
        file = _source_file(parsed.filename, files)
        if file.id in results:
            raise StepFailed(
                "invalid-manifest", f"results_manifest.json has two parse results for {parsed.filename!r}."
            )
        results[file.id] = _result(parsed, file, outputs)
    return tuple(results.values())


def _source_file(name: str, files: Mapping[str, Sequence[PlanFile]]) -> PlanFile:
    found = {file.id: file for file in files.get(name, ())}
    if not found:
        known = ", ".join(repr(each) for each in files) or "none"
        raise StepFailed(
            "invalid-manifest",
            f"results_manifest.json has a parse result for {name!r}, which is no input file; input files: {known}.",
        )
    sources = [file for file in found.values() if file.is_source]
    if len(sources) == 1:
        return sources[0]
    raise StepFailed(
        "invalid-manifest",
        f"results_manifest.json has a parse result for {name!r}, "
        + (
            "a name that several input files have; give only one of them to the job."
            if sources
            else "which is a product; only source files can be parsed."
        ),
    )


def _result(parsed: ParseResult, file: PlanFile, outputs: Path) -> ReportParseResult:
    what = f"The parse result for {parsed.filename!r}"
    geo = parsed.geo_metadata or GeoMetadata()
    geo_json = geo.geo_json
    if parsed.gis_data_path is not None and geo_json is None:
        geo_json = _read_geo_json(find_output(outputs, parsed.gis_data_path, what), parsed.gis_data_path, what)
    check_geometry(geo_json, what)
    return ReportParseResult(
        filename=parsed.filename,
        file_id=file.id,
        new_workspace_path=parsed.new_workspace_path,
        data_started=normal_timestamp(parsed.data_started or geo.data_started),
        data_ended=normal_timestamp(parsed.data_ended or geo.data_ended),
        data_types=parsed.data_types,
        geo_json=geo_json,
    )


def _read_geo_json(path: Path, name: str, what: str) -> Mapping[str, Any]:
    document = read_json(path, name)
    if not isinstance(document, dict):
        raise StepFailed("invalid-manifest", f"{what}: {name} must hold a GeoJSON object.")
    return document
