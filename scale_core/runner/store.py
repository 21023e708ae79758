"""Storing output files through the brokers of their workspaces."""

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.runner.failures import StepFailed
from scale_core.runner.outputs import OutputFile
from scale_core.runner.workspaces import PlanWorkspaces
from scale_generated.specs.execution_report import ReportFile, ReportOutput


def store_outputs(
    files: Sequence[OutputFile],
    output_path: str,
    workspaces: PlanWorkspaces,
    check_canceled: Callable[[], None],
) -> tuple[ReportOutput, ...]:
    """Store all files as ``output_path/<file name>``, or none: what was stored before a failure is deleted again.

    A name that is taken gets a number: ``x.png``, ``x_2.png``. A file that is declared once is moved.

    :param check_canceled: called before each file; raises to stop.
    :raises StepFailed: a file cannot be stored.
    """
    stored: list[tuple[Broker, str, ReportFile]] = []
    uses = Counter(file.source for file in files)
    names: set[str] = set()
    try:
        for file in files:
            check_canceled()
            broker = workspaces.broker(file.output.workspace, "output-storage")
            name = _free_name(file.file_name, names)
            report = _store(file, f"{output_path}/{name}", broker, move=uses[file.source] == 1)
            stored.append((broker, file.output.name, report))
    except BaseException:
        for broker, _, report in stored:
            with contextlib.suppress(BrokerError):  # the first failure is the one to tell
                broker.delete(report.path)
        raise
    by_output: dict[str, list[ReportFile]] = {}
    for _, name, report in stored:
        by_output.setdefault(name, []).append(report)
    return tuple(ReportOutput(name=each, files=tuple(reports)) for each, reports in by_output.items())


def _free_name(file_name: str, taken: set[str]) -> str:
    name, number = PurePosixPath(file_name), 1
    free = file_name
    while free in taken:
        number += 1
        free = f"{name.stem}_{number}{name.suffix}"
    taken.add(free)
    return free


def _store(file: OutputFile, path: str, broker: Broker, *, move: bool) -> ReportFile:
    try:
        stored = broker.store(file.source, path, move=move)
    except BrokerError as error:
        raise StepFailed(
            "output-storage",
            f"The file {file.file_name!r} of the output {file.output.name!r} cannot be stored in the workspace "
            f"{file.output.workspace!r}: {error}",
        ) from error
    return ReportFile(
        file_name=PurePosixPath(path).name,
        workspace=file.output.workspace,
        path=stored.path,
        media_type=file.media_type,
        size=stored.size,
        checksum=stored.checksum,
        data_types=tuple(file.data_types),
        data_started=file.data_started,
        data_ended=file.data_ended,
        geo_json=file.geo_json,
    )
