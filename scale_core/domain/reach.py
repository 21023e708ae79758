"""When a job gets a setting of its job type: what a change of the setting is for jobs that are there already."""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Reach(Enum):
    """The moment from which on a job has its own copy of a setting, so that a later change passes it by."""

    MADE = "made"
    """When it is made. It keeps the copy, also when it is tried again or requeued."""
    QUEUED = "queued"
    """When it is put on the queue for the first time. Until then it waits for others and takes any change."""
    STARTED = "started"
    """Never; the setting is read each time that one of its executions is started."""
    ENDED = "ended"
    """Never; the setting is read when one of its executions ends."""


REACHES: Final[Mapping[str, Reach]] = MappingProxyType(
    {
        "interface": Reach.MADE,
        "priority": Reach.MADE,
        "timeout": Reach.MADE,
        "max_tries": Reach.MADE,
        "cpus_required": Reach.MADE,
        "mem_required": Reach.MADE,
        "custom_resources": Reach.MADE,
        "disk_out_const_required": Reach.QUEUED,
        "disk_out_mult_required": Reach.QUEUED,
        "is_long_running": Reach.STARTED,
        "is_paused": Reach.STARTED,
        "max_scheduled": Reach.STARTED,
        "docker_image": Reach.STARTED,
        "docker_privileged": Reach.STARTED,
        "error_mapping": Reach.ENDED,
        "is_operational": Reach.ENDED,
    }
)
"""The settings of a job type that mean something for its jobs; the others are for people."""

COPIED_SETTINGS: Final = tuple(name for name, one in REACHES.items() if one is Reach.MADE and name != "interface")
"""The settings that a new job copies from its type; of the interface it keeps the revision."""


def by_reach(settings: Iterable[str]) -> dict[Reach, list[str]]:
    """Settings, those that reach jobs, in the order of :data:`REACHES`."""
    given = set(settings)
    found: dict[Reach, list[str]] = {}
    for name, reach in REACHES.items():
        if name in given:
            found.setdefault(reach, []).append(name)
    return found
