"""The options of the ``mesos`` engine."""

import getpass
import re
import shlex
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from scale_core.interfaces.containers import DEFAULT_HOST, ContainerSettings
from scale_core.interfaces.engine import Resources
from scale_core.interfaces.options import OptionError, number, switch, text
from scale_engine_mesos.files import AgentFiles
from scale_engine_mesos.roles import EVERYBODY, is_role

NAME = "mesos"
MASTER = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:,/\[\]]+)(:\d{1,5})?")
ZOOKEEPER = re.compile(r"zk://(?:(?P<credential>[^@/\s]+:[^@/\s]*)@)?(?P<hosts>[^@/\s]+)(?P<folder>/\S+)")
DEFAULT_PORT = 5050
MIB = 1 << 20
INSTALLED = "scale-mesos-executor"
ON_CLUSTER = "cluster"
IN_SCHEDULER = "scheduler"
FETCHED = "scale-mesos-executor/bin/python3 -P -m scale_engine_mesos.executor.main"
"""The command in the archive that ``scale mesos-archive`` makes, from the folder where an agent unpacks it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How Scale takes part in a cluster. Values may be text, as they are in environment variables.

    ``masters`` are ``host:port`` each, or there is a ``zookeeper`` that knows the leading one. Resources are asked for
    as each of ``roles``. ``secret_file`` holds what proves the ``principal``. ``failover_timeout`` are the seconds that
    tasks go on without Scale. With ``gpus`` masters offer agents that have some. ``executor`` is the command that runs
    on nodes, ``executor_uri`` what nodes fetch before; its ``overhead`` (``executor_cpus`` and ``executor_mem``, MiB)
    is what it takes beside its tasks; it ends after ``executor_idle`` seconds without any. The secret is shown to
    agents over encrypted links only, unless ``shows_secret`` (``secret_unencrypted``). ``tls_ca`` (a file, or
    ``system``) has the link encrypted. ``kill_grace`` (seconds), ``log_limit`` (MiB as option, bytes here), ``limits``
    and ``docker`` say how nodes run executions, as they do for the local engine; ``docker_…`` are about the nodes'
    Docker. ``system_jobs`` says where Scale's own jobs run that nodes can do: on the ``cluster`` or in the
    ``scheduler``.
    """

    masters: tuple[str, ...]
    zookeeper: str
    roles: tuple[str, ...]
    principal: str
    secret_file: Path | None
    failover_timeout: float
    name: str
    user: str
    webui_url: str
    checkpoint: bool
    gpus: bool
    tls_ca: str
    executor: tuple[str, ...]
    executor_uri: str
    overhead: Resources
    executor_idle: float
    shows_secret: bool
    kill_grace: float
    log_limit: int
    limits: bool
    containers: ContainerSettings | None
    system_jobs: str

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From the engine's options by name.

        :raises OptionError: one has a value that it cannot have, or there is no ``master``.
        """
        master = text(options, "master", NAME)
        is_zookeeper = master.startswith("zk://")
        if is_zookeeper and not ZOOKEEPER.fullmatch(master):
            # What it is is not told: there may be a password in it.
            raise OptionError(
                f"The option 'master' of the engine {NAME!r} must be like zk://host:2181,host:2181/mesos."
            )
        secret = text(options, "secret_file", NAME)
        if secret and not text(options, "principal", NAME):
            raise OptionError("The option 'secret_file' of the engine 'mesos' needs the option 'principal'.")
        executor_uri = text(options, "executor_uri", NAME)
        return cls(
            masters=() if is_zookeeper else _masters(master),
            zookeeper=master if is_zookeeper else "",
            roles=_roles(options),
            principal=text(options, "principal", NAME),
            secret_file=Path(secret) if secret else None,
            failover_timeout=number(options, "failover_timeout", NAME) or 7 * 86400.0,
            name=text(options, "framework_name", NAME, "scale"),
            user=text(options, "user", NAME) or getpass.getuser(),
            webui_url=text(options, "webui_url", NAME),
            checkpoint=switch(options, "checkpoint", NAME, default=True),
            gpus=switch(options, "gpus", NAME, default=False),
            tls_ca=text(options, "tls_ca", NAME),
            executor=tuple(shlex.split(text(options, "executor", NAME, FETCHED if executor_uri else INSTALLED))),
            executor_uri=executor_uri,
            overhead=Resources(
                number(options, "executor_cpus", NAME) or 0.1, number(options, "executor_mem", NAME) or 128.0
            ),
            executor_idle=number(options, "executor_idle", NAME) or 600.0,
            shows_secret=switch(options, "secret_unencrypted", NAME, default=False),
            kill_grace=number(options, "kill_grace", NAME) or 5.0,
            log_limit=int((number(options, "log_limit", NAME) or 64.0) * MIB),
            limits=switch(options, "limits", NAME, default=True),
            containers=_containers(options),
            system_jobs=_system_jobs(options),
        )

    def secret(self) -> str | None:
        """What proves the principal, without the line's end.

        :raises OptionError: its file cannot be read.
        """
        if self.secret_file is None:
            return None
        try:
            return self.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(
                f"The option 'secret_file' of the engine 'mesos' names {self.secret_file}: {error}"
            ) from error

    def files(self) -> AgentFiles:
        """What reads files on agents: with the same certificates and secret as the link to the master, but that the
        secret is not shown to whatever listens there where nothing says who that is.

        :raises OptionError: those cannot be read.
        """
        secret = self.secret()
        given = "" if secret is None else b64encode(f"{self.principal}:{secret}".encode()).decode("ascii")
        is_safe = bool(self.tls_ca) or self.shows_secret
        credential = {"Authorization": f"Basic {given}"} if given and is_safe else {}
        return AgentFiles(self.tls(), credential, withholds=bool(given) and not is_safe)

    def tls(self) -> ssl.SSLContext | None:
        """How the link is encrypted; None: not.

        :raises OptionError: the file of ``tls_ca`` is no certificate.
        """
        if not self.tls_ca:
            return None
        try:
            return ssl.create_default_context(cafile=None if self.tls_ca == "system" else self.tls_ca)
        except (OSError, ssl.SSLError) as error:
            raise OptionError(f"The option 'tls_ca' of the engine 'mesos' is {self.tls_ca!r}: {error}") from error


def _containers(options: Mapping[str, Any]) -> ContainerSettings | None:
    """Those of the nodes: what this machine's own Docker is like says nothing of them."""
    if not switch(options, "docker", NAME, default=True):
        return None
    return ContainerSettings.of({"docker_host": DEFAULT_HOST} | dict(options), NAME)


def _system_jobs(options: Mapping[str, Any]) -> str:
    given = text(options, "system_jobs", NAME, ON_CLUSTER)
    if given not in (ON_CLUSTER, IN_SCHEDULER):
        raise OptionError.of("system_jobs", NAME, given, f"be {ON_CLUSTER!r} or {IN_SCHEDULER!r}")
    return given


def _roles(options: Mapping[str, Any]) -> tuple[str, ...]:
    given = text(options, "roles", NAME, EVERYBODY)
    roles = tuple(one.strip() for one in given.split(","))
    if not all(is_role(one) for one in roles) or len(set(roles)) < len(roles):
        raise OptionError.of(
            "roles", NAME, given, "be roles of Mesos such as 'eng/dev', each once, with commas between several"
        )
    return roles


def _masters(given: str) -> tuple[str, ...]:
    masters = [one.strip() for one in given.split(",")]
    if not all(MASTER.fullmatch(one) for one in masters):
        raise OptionError.of(
            "master", NAME, given, "be host:port, several of them with commas between, or zk://host:port/path"
        )
    return tuple(one if re.search(r":\d+$", one) else f"{one}:{DEFAULT_PORT}" for one in masters)
