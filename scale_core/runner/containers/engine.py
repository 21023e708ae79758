"""The line to the Docker engine, and what its errors mean."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from scale_core.interfaces.containers import ContainerSettings
from scale_core.runner.containers.notes import ContainerNotes, Note
from scale_core.runner.control import RunControl
from scale_core.runner.failures import StepFailed

ANSWER_SECONDS: Final = 60
"""How long the engine may take to answer; it is slow where the disk is."""

RETURN_SECONDS: Final = 30.0
"""How long an engine that does not answer is waited for: one that is restarted is back by then."""

ENGINE_ERRORS: Final = (DockerException, RequestException, HTTPError, OSError)

log = logging.getLogger(__name__)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Have what goes wrong between us and the Docker engine count as a failure of this node.

    :raises StepFailed: something went wrong.
    """
    try:
        yield
    except ENGINE_ERRORS as error:
        raise StepFailed("engine", f"The Docker engine of this node failed: {said(error)}.") from error


@contextmanager
def connected(settings: ContainerSettings, control: RunControl) -> Iterator[docker.APIClient]:
    """The Docker engine, for as long as the block; one that is being restarted is waited for.

    :raises StepFailed: it does not answer, or the execution was canceled meanwhile.
    """
    client = _connect(settings, control)
    try:
        yield client
    finally:
        client.close()


def remove_left(settings: ContainerSettings, notes: ContainerNotes) -> bool:
    """Remove the containers that nobody looks after; whether the Docker engine did it."""
    try:
        client = _client(settings)
    except ENGINE_ERRORS:
        return False
    try:
        return remove_noted(client, notes)
    finally:
        client.close()


def remove_noted(client: docker.APIClient, notes: ContainerNotes) -> bool:
    """The same, through a client that is there."""
    done = True
    for note in notes.left():
        done = remove_if_possible(client, note) and done
    return done


def remove_if_possible(client: docker.APIClient, note: Note) -> bool:
    """Remove a container, or log why that cannot be done now; its note stays then, for whoever runs the next one."""
    try:
        remove(client, note.name)
    except ENGINE_ERRORS as error:
        log.warning("The container %s cannot be removed now: %s.", note.name, said(error))
        return False
    note.remove()
    return True


def remove(client: docker.APIClient, name: str) -> None:
    """End and remove a container, if there is one of that name.

    :raises DockerException: the engine does not let us, or does not answer.
    """
    try:
        client.remove_container(name, v=True, force=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:  # somebody else removes it already
            raise


def said(error: BaseException) -> str:
    """What an error says, without the address that was asked."""
    explanation = getattr(error, "explanation", None)
    return str(explanation or error).strip().rstrip(".")


def _client(settings: ContainerSettings) -> docker.APIClient:
    return docker.APIClient(base_url=f"unix://{settings.socket}", version="auto", timeout=ANSWER_SECONDS)


def _connect(settings: ContainerSettings, control: RunControl) -> docker.APIClient:
    deadline = time.monotonic() + RETURN_SECONDS
    pause = 0.1
    while True:
        try:
            return _client(settings)
        except ENGINE_ERRORS as error:
            if time.monotonic() > deadline:
                raise StepFailed("engine", f"The Docker engine at {settings.socket} does not answer.") from error
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
        if control.canceled():
            raise StepFailed("canceled", "The execution was canceled.")
