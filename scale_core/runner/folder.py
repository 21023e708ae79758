"""The folder of one execution."""

import os
from pathlib import Path

from scale_core.runner.failures import StepFailed

INPUTS = "inputs"
OUTPUTS = "outputs"
MANIFEST = "results_manifest.json"
FETCHED = "fetched"


class RunFolder:
    """Where things lie in an execution's folder ``root`` (absolute), which is also the algorithm's working folder, HOME
    and TMPDIR. A folder costs more than all else that a short job needs, so that none is made that nobody asks for, and
    path objects cost as much as the calls that are made with them, so that these are text.

    ``inputs`` is the folder of the inputs' folders, ``inputs/<input name>/<file name>``, made where there are files;
    ``outputs`` the one that the algorithm writes to, ``${job_output_dir}``, made where the job has outputs or asks for
    it; ``stdout`` and ``stderr`` are the logs.
    """

    __slots__ = ("inputs", "outputs", "root", "stderr", "stdout")

    def __init__(self, root: str) -> None:
        self.root = root
        self.inputs = f"{root}/{INPUTS}"
        self.outputs = f"{root}/{OUTPUTS}"
        self.stdout = f"{root}/stdout"
        self.stderr = f"{root}/stderr"


def find_output(outputs: Path, path: str, what: str) -> Path:
    """The regular file that the algorithm calls ``path``, without symbolic links.

    :param outputs: the output folder; relative paths start there.
    :param what: who names the path, as a message begins: "The output 'x'".
    :raises StepFailed: it is outside of ``outputs``, is not there, or is no regular file.
    """
    root = outputs.resolve()
    try:
        real = root.joinpath(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: symbolic links in a circle
        raise StepFailed("invalid-output", f"{what} names {path!r}, which is no usable path: {error}.") from error
    if not real.is_relative_to(root):
        raise StepFailed(
            "invalid-output",
            f"{what} names {path!r}, which is outside of the output folder {outputs}. "
            "Write every output file below ${job_output_dir}.",
        )
    try:
        exists, regular = os.path.lexists(real), real.is_file()
    except OSError as error:
        raise StepFailed("invalid-output", f"{what} names {path!r}, which cannot be looked at: {error}.") from error
    if not exists:
        raise StepFailed("missing-output", f"{what} names {path!r}, but there is no such file in {outputs}.")
    if not regular:
        raise StepFailed("invalid-output", f"{what} names {path!r}, which is no regular file; it must be one.")
    return real


def read_head(path: Path, limit: int) -> bytes:
    """Up to ``limit`` bytes from the beginning of the regular file ``path``."""
    with path.open("rb") as stream:
        return stream.read(limit)
