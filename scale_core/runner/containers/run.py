"""The job step of a plan in a container."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import docker
from docker.errors import APIError

from scale_core.interfaces.containers import ContainerSettings
from scale_core.runner.containers.configuration import Container, create_options, host_options
from scale_core.runner.containers.engine import connected, engine_errors, remove, remove_if_possible, remove_noted, said
from scale_core.runner.containers.images import Image, get_image
from scale_core.runner.containers.layout import command_user, lay_out
from scale_core.runner.containers.notes import ContainerNotes, Note
from scale_core.runner.containers.output import ContainerOutput
from scale_core.runner.containers.watch import ContainerWatch
from scale_core.runner.control import RunControl
from scale_core.runner.failures import StepFailed
from scale_core.runner.folder import RunFolder
from scale_core.runner.limits import Limits
from scale_core.runner.logs import last_line
from scale_core.runner.process import ProcessEnd
from scale_core.runner.usage import InputFiles
from scale_generated.specs.execution_plan import ExecutionPlan, PlanDocker

INIT: Final = "docker-init"
INIT_FAILED: Final = "[FATAL tini"
"""How the last line in stderr begins where init could not start the command; its exit code is then the shell's."""

NOT_STARTED: Final = (126, 127)

log = logging.getLogger(__name__)


class ContainerRunner:
    """Runs commands in containers, for one worker.

    :param executions: the agent's folder of executions, where containers are noted.
    """

    def __init__(self, settings: ContainerSettings, executions: Path) -> None:
        self._settings = settings
        self._notes = ContainerNotes(executions)
        self._has_init = True

    def prepare(self, docker_plan: PlanDocker, control: RunControl) -> Image:
        """The image, pulled if need be.

        :raises StepFailed: it cannot be had, or may not run as the plan says.
        """
        if docker_plan.privileged and not self._settings.allow_privileged:
            raise StepFailed(
                "launch",
                "The job type asks for a privileged container (docker_privileged), which this installation does not "
                "allow: its administrator can, with the engine's option docker_allow_privileged.",
            )
        with connected(self._settings, control) as client:
            return get_image(client, docker_plan.image, self._settings, control)

    def run(
        self,
        plan: ExecutionPlan,
        image: Image,
        arguments: list[str],
        variables: Mapping[str, str],
        limits: Limits,
        cpus: float,
        folder: RunFolder,
        inputs: InputFiles,
        control: RunControl,
    ) -> ProcessEnd:
        """Run ``arguments`` in a container of ``image``, as :func:`~scale_core.runner.process.run_process` does in a
        process. The container is gone afterwards, with all that ran in it.

        :param variables: of the environment, beside the image's own.
        :param cpus: what it gets at most; 0: as much as there is.
        :raises StepFailed: it cannot be started, or the Docker engine fails.
        """
        container = self._container(plan, image, arguments, variables, limits, cpus, folder)
        with connected(self._settings, control) as client, self._notes.take(plan.execution_id) as note:
            remove_noted(client, self._notes)
            try:
                return self._run(client, container, note, plan.timeout, folder, inputs, control)
            except _NoInit:
                log.warning("The Docker engine has no %s: commands have to look after their children.", INIT)
                remove(client, note.name)
                self._has_init = False
                plain = dataclasses.replace(container, has_init=False)
                return self._run(client, plain, note, plan.timeout, folder, inputs, control)
            finally:
                remove_if_possible(client, note)

    def _container(
        self,
        plan: ExecutionPlan,
        image: Image,
        arguments: list[str],
        variables: Mapping[str, str],
        limits: Limits,
        cpus: float,
        folder: RunFolder,
    ) -> Container:
        user = command_user(self._settings.user)
        return Container(
            execution_id=plan.execution_id,
            image=image.id,
            arguments=arguments,
            variables=variables,
            folder=folder.root,
            user=user,
            binds=lay_out(folder, user),
            cpus=cpus,
            limits=limits,
            privileged=plan.docker is not None and plan.docker.privileged,
            has_init=self._has_init,
        )

    def _run(
        self,
        client: docker.APIClient,
        container: Container,
        note: Note,
        timeout: float | None,
        folder: RunFolder,
        inputs: InputFiles,
        control: RunControl,
    ) -> ProcessEnd:
        identifier = self._create(client, container, note)
        with engine_errors():
            stream = client.attach_socket(identifier, {"stdout": 1, "stderr": 1, "stream": 1})
        with ContainerOutput(stream.fileno(), folder, container.limits.log) as output:
            self._start(client, identifier, container.arguments[0])
            watch = ContainerWatch(client, identifier, output, container.limits, inputs, control)
            stopped = watch.wait(timeout)
        code = int(watch.state["ExitCode"])
        if stopped is None and code in NOT_STARTED and last_line(Path(folder.stderr)).startswith(INIT_FAILED):
            raise _not_started(container.arguments[0], last_line(Path(folder.stderr)))
        return ProcessEnd(
            exit_code=code,
            signal=signal_of(code),
            stopped=stopped,
            cpu_seconds=watch.usage.cpu_seconds,
            peak_kib=watch.usage.peak_kib,
            disk_bytes=watch.disk_bytes,
            disk=watch.disk,
            left_running=False,
            all_gone=not watch.state["Running"],
        )

    def _create(self, client: docker.APIClient, container: Container, note: Note) -> str:
        with engine_errors():
            host = client.create_host_config(**host_options(container, self._settings))
            made = client.create_container(**create_options(container, note.name), host_config=host)
        return str(made["Id"])

    def _start(self, client: docker.APIClient, identifier: str, command: str) -> None:
        with engine_errors():
            try:
                client.start(identifier)
            except APIError as error:
                if INIT in said(error):
                    raise _NoInit from error
                if error.is_client_error():
                    raise _not_started(command, said(error)) from error
                raise


class _NoInit(Exception):
    """The Docker engine has no init to put before a command."""


def signal_of(code: int) -> int | None:
    """The signal that ended the command of a container, where its exit code says so as a shell's does."""
    return code - 128 if 128 < code <= 128 + 64 else None


def _not_started(command: str, why: str) -> StepFailed:
    return StepFailed("launch", f"The command {command!r} cannot be started in its image: {why}.")
