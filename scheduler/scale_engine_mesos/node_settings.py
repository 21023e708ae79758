"""How executions are run on nodes, as the executor is told in the ``data`` of its ``ExecutorInfo``."""

import base64
import dataclasses
import json
import os
from pathlib import Path

from scale_core.interfaces.engine import AgentSettings, ContainerSettings
from scale_engine_mesos.options import Options


def encode_settings(options: Options) -> str:
    """The data."""
    containers = None if options.containers is None else dataclasses.asdict(options.containers)
    document = {
        "kill_grace": options.kill_grace,
        "log_limit": options.log_limit,
        "limits": options.limits,
        "containers": containers,
        "idle_seconds": options.executor_idle,
    }
    return base64.b64encode(json.dumps(document).encode()).decode("ascii")


def decode_settings(data: str, folder: Path) -> tuple[AgentSettings, float]:
    """The settings of the node agent whose executions are in ``folder``, and after how many seconds without any the
    executor ends.

    :raises ValueError: it is not what :func:`encode_settings` made.
    """
    try:
        given = json.loads(base64.b64decode(data, validate=True))
        containers, idle_seconds = given.pop("containers"), float(given.pop("idle_seconds"))
        if containers is not None:
            user = containers.pop("user")
            containers = ContainerSettings(user=None if user is None else (user[0], user[1]), **containers)
        search_path = os.environ.get("PATH", os.defpath)
        return AgentSettings(folder, search_path=search_path, containers=containers, **given), idle_seconds
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The data of the ExecutorInfo is not Scale's: {error!r}") from error
