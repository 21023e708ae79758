"""The image that a command runs in: found on the node, or pulled."""

import select
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import docker
from docker.errors import APIError, ImageNotFound

from scale_core.interfaces.containers import ContainerSettings
from scale_core.runner.containers.engine import ENGINE_ERRORS, engine_errors, said
from scale_core.runner.control import RunControl
from scale_core.runner.failures import StepFailed

ASK_SECONDS: Final = 0.2
"""How often we look whether a pull has ended."""

STALLED_SECONDS: Final = 300.0
"""How long a pull may say nothing."""

NOT_THERE: Final = (
    "invalid reference",
    "not found",
    "manifest unknown",
    "no matching manifest",
    "access denied",
    "access to the resource is denied",
    "unauthorized",
    "no basic auth credentials",
)
"""What is said where asking again is of no use."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image on this node: its name, and its id, which always stands for the same content."""

    name: str
    id: str


def get_image(client: docker.APIClient, name: str, settings: ContainerSettings, control: RunControl) -> Image:
    """The image of a job type, pulled where the settings say so.

    :raises StepFailed: it cannot be had (``image``, where nobody has it or shows it to us), or cannot be had now
        (``engine``), or the execution was canceled meanwhile.
    """
    found = None if settings.pull == "always" else _inspect(client, name)
    if found is None:
        if settings.pull == "never":
            raise StepFailed(
                "launch",
                f"This node has no image {name!r}, and none is pulled (docker_pull is never). Load it into the node's "
                "Docker engine, or name another image in the job type.",
            )
        _pull(client, name, settings, control)
        found = _inspect(client, name)
    if found is None:
        raise StepFailed("engine", f"The image {name!r} was pulled, and is not there.")
    return Image(name, str(found["Id"]))


def _inspect(client: docker.APIClient, name: str) -> Mapping[str, Any] | None:
    with engine_errors():
        try:
            found: Mapping[str, Any] = client.inspect_image(name)
        except ImageNotFound:
            return None
        except APIError as error:
            if error.status_code == HTTPStatus.BAD_REQUEST:
                raise _no_image(name, said(error)) from error
            raise
        return found


def _pull(client: docker.APIClient, name: str, settings: ContainerSettings, control: RunControl) -> None:
    """Pull in a thread, so that a cancel need not wait for a registry that says nothing."""
    if settings.config is not None:
        client.reload_config(settings.config)
    pull = _Pull(client, name)
    pull.start()
    poller = select.poll()
    poller.register(control.fd(), select.POLLIN)
    while pull.is_alive():
        if poller.poll(ASK_SECONDS * 1000) and control.canceled():
            pull.is_unwanted = True
            raise StepFailed("canceled", "The execution was canceled.")
        if time.monotonic() > pull.heard + STALLED_SECONDS:
            pull.is_unwanted = True
            raise StepFailed("engine", f"The pull of the image {name!r} has said nothing for {STALLED_SECONDS:g} s.")
    if pull.failure is not None:
        raise pull.failure


class _Pull(threading.Thread):
    """Pulls an image; ``failure`` says afterwards why it could not. Set ``is_unwanted`` to have it end: nobody need
    wait for that."""

    def __init__(self, client: docker.APIClient, name: str) -> None:
        super().__init__(name="pull", daemon=True)
        self._client = client
        self._image = name
        self.failure: StepFailed | None = None
        self.is_unwanted = False
        self.heard = time.monotonic()

    def run(self) -> None:
        """Pull."""
        try:
            for news in self._client.pull(self._image, stream=True, decode=True):
                self.heard = time.monotonic()
                if self.is_unwanted:
                    return
                if "error" in news:
                    self.failure = pull_failure(self._image, str(news["error"]))
        except APIError as error:
            self.failure = pull_failure(self._image, said(error))
        except ENGINE_ERRORS as error:
            self.failure = StepFailed("engine", f"The image {self._image!r} cannot be pulled: {said(error)}.")


def pull_failure(name: str, message: str) -> StepFailed:
    """What it is that the Docker engine says when it cannot pull an image."""
    if any(words in message.lower() for words in NOT_THERE):
        return _no_image(name, message)
    return StepFailed("engine", f"The image {name!r} cannot be pulled: {message.rstrip('.')}.")


def _no_image(name: str, message: str) -> StepFailed:
    return StepFailed(
        "image",
        f"There is no image {name!r} for this node: {message.rstrip('.')}. Name in the job type's docker_image "
        "one that the node has or may pull, and give Docker credentials where its registry asks for them.",
    )
