"""Which files an algorithm declares as its outputs, checked against the plan (reference: Results Manifest)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scale_core.domain.media_types import HEAD_SIZE, media_type
from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import find_output, read_head
from scale_core.runner.geometry import check_geometry
from scale_core.runner.times import normal_timestamp
from scale_generated.specs.execution_plan import PlanOutput
from scale_generated.specs.results_manifest import GeoMetadata, ManifestFile, ManifestOutput, ResultsManifest


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to store: ``source`` is its real path, ``file_name`` the name that the algorithm gave it."""

    output: PlanOutput
    source: Path
    file_name: str
    media_type: str
    data_types: Sequence[str]
    data_started: str | None
    data_ended: str | None
    geo_json: Mapping[str, Any] | None


def collect_outputs(
    planned: Sequence[PlanOutput],
    manifest: ResultsManifest | None,
    artifacts: Mapping[str, Sequence[str]],
    outputs: Path,
) -> list[OutputFile]:
    """All output files, in the order of the plan's outputs.

    :param artifacts: paths by output name, of the ``ARTIFACT:`` lines; the manifest takes precedence.
    :param outputs: the output folder.
    :raises StepFailed: something is declared that should not be, or not declared that should be.
    """
    declared = _declared(planned, manifest, artifacts)
    _check_required(planned, declared, manifest is not None)
    return [
        _output_file(output, file, outputs)
        for output in planned
        for file in declared.get(output.name, ManyFiles()).files
    ]


@dataclass(frozen=True, slots=True)
class ManyFiles:
    """The files that are declared for one output."""

    files: tuple[ManifestFile, ...] = ()


def _declared(
    planned: Sequence[PlanOutput], manifest: ResultsManifest | None, artifacts: Mapping[str, Sequence[str]]
) -> dict[str, ManyFiles]:
    by_name = {output.name: output for output in planned}
    declared: dict[str, ManyFiles] = {}
    for entry in manifest.output_data if manifest else ():
        output = _known(entry.name, by_name, "results_manifest.json")
        if entry.name in declared:
            raise StepFailed("invalid-manifest", f"results_manifest.json names the output {entry.name!r} twice.")
        declared[entry.name] = _of_manifest(entry, output)
    for name, paths in artifacts.items():
        output = _known(name, by_name, "An ARTIFACT line in standard output")
        if name in declared:
            continue
        if output.type == "file" and len(paths) > 1:
            raise StepFailed(
                "invalid-manifest",
                f"ARTIFACT lines name {len(paths)} files for the output {name!r}, which is one file; print one line.",
            )
        declared[name] = ManyFiles(tuple(ManifestFile(path=path) for path in paths))
    return declared


def _known(name: str, outputs: Mapping[str, PlanOutput], who: str) -> PlanOutput:
    if name not in outputs:
        known = ", ".join(repr(each) for each in outputs) or "none"
        raise StepFailed(
            "invalid-manifest", f"{who} names the output {name!r}, which the job interface lacks; its outputs: {known}."
        )
    return outputs[name]


def _of_manifest(entry: ManifestOutput, output: PlanOutput) -> ManyFiles:
    if (entry.file is not None) != (output.type == "file"):
        given = "file" if entry.file is not None else "files"
        raise StepFailed(
            "invalid-manifest",
            f"results_manifest.json gives {given!r} for the output {entry.name!r}, which the job interface declares as "
            f"{output.type!r}; give {output.type!r}.",
        )
    return ManyFiles((entry.file,) if entry.file is not None else entry.files or ())


def _check_required(planned: Sequence[PlanOutput], declared: Mapping[str, ManyFiles], has_manifest: bool) -> None:
    missing = [each.name for each in planned if each.required and not declared.get(each.name, ManyFiles()).files]
    if not missing:
        return
    names = ", ".join(repr(name) for name in missing)
    if has_manifest:
        raise StepFailed("missing-output", f"The results manifest has no file for the required output {names}.")
    raise StepFailed(
        "missing-manifest",
        f"There is no results_manifest.json in the output folder and no ARTIFACT line for the required output {names}. "
        "Write the one into ${job_output_dir}, or print the other.",
    )


def _output_file(output: PlanOutput, file: ManifestFile, outputs: Path) -> OutputFile:
    what = f"The output {output.name!r}"
    source = find_output(outputs, file.path, what)
    file_name = Path(file.path).name
    geo = file.geo_metadata or GeoMetadata()
    check_geometry(geo.geo_json, f"{what}, file {file.path!r}")
    return OutputFile(
        output=output,
        source=source,
        file_name=file_name,
        media_type=output.media_type or media_type(file_name, read_head(source, HEAD_SIZE)),
        data_types=file.data_types,
        data_started=normal_timestamp(geo.data_started),
        data_ended=normal_timestamp(geo.data_ended),
        geo_json=geo.geo_json,
    )
