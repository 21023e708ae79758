"""Removing the containers of workers that ended before them."""

import logging
import os
import pkgutil

from scale_core.interfaces.engine import AgentSettings
from scale_core.runner.containers.notes import ContainerNotes
from scale_core.runner.worker import leaving_process

log = logging.getLogger(__name__)


def sweep_containers(settings: AgentSettings) -> None:
    """Remove every container of the agent's that nobody looks after. Where that cannot be done now, it is logged, and
    done before the next container is run.

    It is done in a process of its own, and only where there is one: Docker's client would stay in the agent's memory,
    and in that of all its workers.
    """
    notes = ContainerNotes(settings.folder)
    if settings.containers is None or not notes.any():
        return
    pid = os.fork()
    if pid == 0:
        with leaving_process():
            remove_left = pkgutil.resolve_name("scale_core.runner.containers.engine:remove_left")
            os._exit(0 if remove_left(settings.containers, notes) else 1)
    _, status = os.waitpid(pid, 0)
    if status:
        log.warning("Containers of executions that have ended cannot be removed now; the next one that runs does so.")
