"""The results document of a job: which files each output produced."""

from collections.abc import Mapping, Sequence

from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.job_results import JobResults, JobResultsOutput


def job_results(interface: JobInterface, file_ids: Mapping[str, Sequence[int]]) -> JobResults:
    """The results of a job, in the order of its interface; outputs that were not produced are absent.

    :param file_ids: output name to the ids of its products, in order.
    :raises ValueError: an output that the interface does not declare, or several files for one of type ``file``.
    """
    declared = {each.name: each.type for each in interface.output_data}
    if unknown := sorted(set(file_ids) - set(declared)):
        raise ValueError(
            f"the interface declares no output {', '.join(unknown)}; it has {', '.join(declared) or 'none'}"
        )
    outputs = (_entry(name, type_, file_ids[name]) for name, type_ in declared.items() if file_ids.get(name))
    return JobResults(output_data=tuple(outputs))


def _entry(name: str, type_: str, ids: Sequence[int]) -> JobResultsOutput:
    if type_ == "files":
        return JobResultsOutput(name=name, file_ids=tuple(ids))
    if len(ids) > 1:
        raise ValueError(f'the output "{name}" is of type file, but there are {len(ids)} files for it')
    return JobResultsOutput(name=name, file_id=ids[0])
