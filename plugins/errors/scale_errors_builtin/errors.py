"""The builtin errors by what they are called."""

from typing import Final

from scale_core.interfaces.error import ErrorDefinition
from scale_generated.enums import ErrorCategory

UNKNOWN: Final = ErrorDefinition(
    name="unknown",
    title="Unknown",
    description="The cause of the failure is not known. The execution's message and logs may tell more.",
    category=ErrorCategory.SYSTEM,
)
ALGORITHM_UNKNOWN: Final = ErrorDefinition(
    name="algorithm-unknown",
    title="Unknown Algorithm Error",
    description="The algorithm ended with an exit code that the job type's error mapping does not list.",
    category=ErrorCategory.ALGORITHM,
)
ALGORITHM_KILLED: Final = ErrorDefinition(
    name="algorithm-killed",
    title="Algorithm Killed",
    description="The algorithm was ended by a signal: it crashed, or was killed.",
    category=ErrorCategory.ALGORITHM,
)
TIMEOUT: Final = ErrorDefinition(
    name="timeout",
    title="Timeout",
    description="The algorithm ran longer than the job type's timeout and was ended.",
    category=ErrorCategory.SYSTEM,
)
MEMORY_EXCEEDED: Final = ErrorDefinition(
    name="memory-exceeded",
    title="Memory Exceeded",
    description="The algorithm used more memory than the job requires (mem_required) and was ended.",
    category=ErrorCategory.ALGORITHM,
)
DISK_EXCEEDED: Final = ErrorDefinition(
    name="disk-exceeded",
    title="Disk Exceeded",
    description="The algorithm wrote more to its folder than the job requires (disk_out_required) and was ended.",
    category=ErrorCategory.ALGORITHM,
)
LOG_EXCEEDED: Final = ErrorDefinition(
    name="log-exceeded",
    title="Log Exceeded",
    description="The algorithm wrote far more to stdout or stderr than is kept of a log and was ended.",
    category=ErrorCategory.ALGORITHM,
)
LEFT_RUNNING: Final = ErrorDefinition(
    name="left-running",
    title="Processes Left Running",
    description="The algorithm ended and left processes running that it had started; they were ended.",
    category=ErrorCategory.ALGORITHM,
)
LAUNCH_FAILED: Final = ErrorDefinition(
    name="launch-failed",
    title="Launch Failed",
    description="The command could not be started: it does not exist on the node, is not executable, or the node "
    "cannot run its image.",
    category=ErrorCategory.SYSTEM,
)
IMAGE_MISSING: Final = ErrorDefinition(
    name="image-missing",
    title="Image Missing",
    description="The job type's Docker image does not exist in its registry, or the registry does not show it to us.",
    category=ErrorCategory.ALGORITHM,
)
INPUT_UNAVAILABLE: Final = ErrorDefinition(
    name="input-unavailable",
    title="Input Unavailable",
    description="An input file could not be fetched from its workspace.",
    category=ErrorCategory.SYSTEM,
)
INPUT_CHANGED: Final = ErrorDefinition(
    name="input-changed",
    title="Input Changed",
    description="The algorithm, or somebody else while it ran, wrote to an input that is a link to the stored file, "
    "and so changed that file.",
    category=ErrorCategory.ALGORITHM,
)
MISSING_MANIFEST: Final = ErrorDefinition(
    name="missing-manifest",
    title="Missing Results Manifest",
    description="The algorithm wrote no results manifest, and no ARTIFACT lines name its required outputs.",
    category=ErrorCategory.ALGORITHM,
)
INVALID_MANIFEST: Final = ErrorDefinition(
    name="invalid-manifest",
    title="Invalid Results Manifest",
    description="The results manifest or an ARTIFACT line is not valid, or does not fit the job interface or inputs.",
    category=ErrorCategory.ALGORITHM,
)
MISSING_OUTPUT: Final = ErrorDefinition(
    name="missing-output",
    title="Missing Output",
    description="The algorithm did not produce a required output, or named an output file that does not exist.",
    category=ErrorCategory.ALGORITHM,
)
INVALID_OUTPUT: Final = ErrorDefinition(
    name="invalid-output",
    title="Invalid Output",
    description="The algorithm named an output that is no regular file inside its output folder.",
    category=ErrorCategory.ALGORITHM,
)
OUTPUT_STORAGE: Final = ErrorDefinition(
    name="output-storage",
    title="Output Not Stored",
    description="An output file could not be stored in its workspace: it is full, not reachable or not writable.",
    category=ErrorCategory.SYSTEM,
)
NODE_LOST: Final = ErrorDefinition(
    name="node-lost",
    title="Node Lost",
    description="The node, or what runs executions on it, was lost while the execution ran.",
    category=ErrorCategory.SYSTEM,
)
MOUNT_MISSING: Final = ErrorDefinition(
    name="mount-missing",
    title="Mount Missing",
    description="The node lacks the folder of a watched directory or workspace, or does not reach its storage. Others "
    "are tried.",
    category=ErrorCategory.SYSTEM,
)
ENGINE_FAILURE: Final = ErrorDefinition(
    name="engine-failure",
    title="Engine Failure",
    description="The node could not do its part: its own disk is full or broken, its Docker engine or the registry of "
    "an image did not answer, or the execution plan was unusable.",
    category=ErrorCategory.SYSTEM,
)

BUILTIN_ERRORS: Final = (
    UNKNOWN,
    ALGORITHM_UNKNOWN,
    ALGORITHM_KILLED,
    TIMEOUT,
    MEMORY_EXCEEDED,
    DISK_EXCEEDED,
    LOG_EXCEEDED,
    LEFT_RUNNING,
    LAUNCH_FAILED,
    IMAGE_MISSING,
    INPUT_UNAVAILABLE,
    INPUT_CHANGED,
    MISSING_MANIFEST,
    INVALID_MANIFEST,
    MISSING_OUTPUT,
    INVALID_OUTPUT,
    OUTPUT_STORAGE,
    NODE_LOST,
    MOUNT_MISSING,
    ENGINE_FAILURE,
)
