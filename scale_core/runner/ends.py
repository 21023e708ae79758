"""What the end of a command means."""

import signal
from pathlib import Path
from typing import Final

from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import INPUTS, RunFolder
from scale_core.runner.limits import Limits
from scale_core.runner.logs import append_line, last_line
from scale_core.runner.process import LINGER, ProcessEnd, Stopped
from scale_core.runner.usage import InputFiles
from scale_generated.specs.execution_plan import ExecutionPlan

LEFT_RUNNING: Final = (
    f"The command ended, and processes that it had started still ran {LINGER:g} second later: they were ended, and "
    "what they were writing may not be whole. Have the command wait for what it starts."
)


INPUT_CHANGED: Final = (
    "Inputs that are links to the stored files were written to while the command ran, by it or by somebody else: the "
    "stored files have changed, and no longer fit their checksums. Restore them, and have the command write to copies, "
    "or run it in a container, which cannot write to its inputs."
)
MOST_NAMED: Final = 10


def check_end(end: ProcessEnd, plan: ExecutionPlan, limits: Limits, folder: RunFolder) -> None:
    """Tell whether a command has done its work.

    :raises StepFailed: its end is a failure: the message says what happened and what to do about it.
    """
    if not end.all_gone:
        raise StepFailed("engine", "Processes that the command started could not be ended: the system holds them.")
    if end.stopped is not None:
        message = _stop_message(end.stopped, plan, limits)
        raise StepFailed(end.stopped.value, message, exit_code=end.exit_code, signal=end.signal)
    if end.exit_code == 0:
        if end.left_running:
            raise StepFailed("left-running", LEFT_RUNNING, exit_code=0)
        return
    said = last_line(Path(folder.stderr))
    tail = f" The last line in stderr: {said}" if said else " It wrote nothing to stderr."
    if end.signal is not None:
        raise StepFailed(
            "signal",
            f"The command was ended by {_signal_name(end.signal)}.{tail}",
            exit_code=end.exit_code,
            signal=end.signal,
        )
    raise StepFailed("exit-code", f"The command ended with exit code {end.exit_code}.{tail}", exit_code=end.exit_code)


def check_inputs(inputs: InputFiles, error: StepFailed | None, folder: RunFolder) -> None:
    """Tell whether an input that is a link to a stored file was written to, which changes that file.

    :param error: how the command failed; then that stays the failure, and the log has a line about the input.
    :raises StepFailed: one was.
    """
    changed = inputs.changed()
    if not changed:
        return
    names = ", ".join(repr(path.removeprefix(f"{INPUTS}/")) for path in sorted(changed)[:MOST_NAMED])
    message = f"{INPUT_CHANGED} It concerns {len(changed)}: {names}."
    if error is None:
        raise StepFailed("input-changed", message, exit_code=0)
    append_line(Path(folder.stderr), f"[scale, job] {message}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _stop_message(stopped: Stopped, plan: ExecutionPlan, limits: Limits) -> str:
    match stopped:
        case Stopped.CANCEL:
            return "The execution was canceled."
        case Stopped.TIMEOUT:
            return (
                f"The job ran longer than its timeout of {plan.timeout:g} seconds and was ended. Raise the timeout of "
                "the job type or give the job less to do."
            )
        case Stopped.MEMORY:
            return (
                f"The command used more than the {plan.resources.mem:g} MiB of memory that the job requires, and was "
                "ended. Raise mem_required of the job type."
            )
        case Stopped.DISK:
            return (
                f"The command wrote more than the {plan.resources.disk_out:g} MiB that the job requires for its "
                "outputs and temporary files, and was ended. Raise disk_out_const_required or disk_out_mult_required "
                "of the job type."
            )
        case Stopped.LOG:
            return (
                f"The command wrote more than {limits.log} bytes to stdout or stderr, and was ended. Have it write "
                "less there, or write to a file."
            )
