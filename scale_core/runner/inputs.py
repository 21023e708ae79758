"""The pre step: fetching input files and giving the command its arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scale_core.interfaces.broker import BrokerError
from scale_core.runner.failures import StepFailed
from scale_core.runner.workspaces import PlanWorkspaces
from scale_generated.specs.execution_plan import ExecutionPlan, PlanFile, PlanInput


@dataclass(slots=True)
class FetchedInputs:
    """What the algorithm gets: ``values`` for its arguments by input name, and ``files`` by the name it sees."""

    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[PlanFile]] = field(default_factory=dict)


def fetch_inputs(
    plan: ExecutionPlan, folder: Path, workspaces: PlanWorkspaces, check_canceled: Callable[[], None]
) -> FetchedInputs:
    """Fetch every file of ``plan`` to ``folder/<input name>/<file name>``.

    :param folder: the inputs' folder; it is made where there are files.
    :param check_canceled: called before each file; raises to stop.
    :raises StepFailed: a file cannot be fetched.
    """
    fetched = FetchedInputs()
    for entry in plan.inputs:
        if entry.type == "property":
            fetched.values[entry.name] = entry.value or ""
            continue
        place = folder / entry.name
        place.mkdir(parents=True)
        paths = [
            _fetch(file, place / name, entry, workspaces, check_canceled, fetched) for name, file in named_files(entry)
        ]
        fetched.values[entry.name] = str(place if entry.type == "files" else paths[0])
    return fetched


def named_files(entry: PlanInput) -> list[tuple[str, PlanFile]]:
    """The files of an input with the names that the algorithm sees: a name that is taken gets a number before it."""
    named: dict[str, PlanFile] = {}
    for file in entry.files or ():
        name, number = file.file_name, 1
        while name in named:
            number += 1
            name = f"{number}_{file.file_name}"
        named[name] = file
    return list(named.items())


def _fetch(
    file: PlanFile,
    destination: Path,
    entry: PlanInput,
    workspaces: PlanWorkspaces,
    check_canceled: Callable[[], None],
    fetched: FetchedInputs,
) -> Path:
    check_canceled()
    try:
        broker = workspaces.broker(file.workspace, "input")
        if file.checksum:
            broker.retrieve_verified(file.path, destination, file.checksum, link=True)
        else:
            broker.retrieve(file.path, destination, link=True)
    except BrokerError as error:
        raise StepFailed(
            "input",
            f"The file {file.path!r} (id {file.id}) for the input {entry.name!r} cannot be fetched from the workspace "
            f"{file.workspace!r}: {error}",
        ) from error
    fetched.files.setdefault(destination.name, []).append(file)
    return destination
