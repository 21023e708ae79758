"""Settings: flags, then SCALE_… environment variables, then scale.toml, then the defaults here."""

import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONFIG_FILE = "scale.toml"
DEFAULT_ENGINE = "local"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("text", "json")


class SettingsError(Exception):
    """A setting is wrong; the message says which, where it came from and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation is set up.

    :param data_dir: folder for the embedded database, executions and logs.
    :param database_url: SQLAlchemy URL; empty: an SQLite file in ``data_dir``.
    :param engine: name of the engine that runs executions.
    :param bind: ``host:port`` of the web server.
    :param public_url: where clients reach the web server, such as ``https://scale.example/api``, without a slash at the
        end; empty: as their requests say.
    :param grace_seconds: how long running executions may go on after SIGTERM.
    :param long_wait_seconds: how long an execution waits on the queue until it counts as one that has waited long.
    :param long_wait_share: the share of placements and nodes, from 0 to 0.5, that those get whatever their priority.
    :param node_absent_seconds: how long a node may be absent from the cluster until it counts as removed from it.
    :param node_failures: how many executions have to fail on a node for it to be paused where others do better; 0: none
        is ever paused for that.
    :param node_failure_seconds: within how much time.
    :param scan_open_ingests: how many files that a Scan has handed on may wait to be ingested, or be under way.
    :param auth: whether clients are asked who they are; needed to listen on anything but loopback.
    :param max_request_mib: the largest body of a request, in MiB.
    :param content_seconds: how long a storage may take to give a file that a client asks for, the next bytes of it, or
        an answer where a workspace is checked.
    :param oidc_issuer: address of the OpenID Connect provider; empty: there is none.
    :param oidc_client_id: what the provider knows Scale by.
    :param oidc_client_secret: what Scale shows to the provider; empty: nothing, it is a public client.
    :param oidc_claim: the claim that says what a user may do.
    :param oidc_roles: the values of that claim that stand for roles, ``admin=scale-admins,viewer=staff``; a role that
        is not named stands for itself.
    :param logs_workspace: the workspace that logs of executions are taken into when these have ended; empty: they stay
        in ``data_dir``.
    :param metrics_bind: ``host:port`` where ``scale scheduler`` tells how it is; empty: nowhere.
    :param log_level: one of :data:`LOG_LEVELS`.
    :param log_format: one of :data:`LOG_FORMATS`.
    :param engine_options: the table ``[engine]`` of scale.toml, and variables ``SCALE_ENGINE_<OPTION>`` and, of the
        engine that is chosen, ``SCALE_<NAME>_<OPTION>``.
    :param storage_options: the tables ``[storage.<type>]`` of scale.toml and ``SCALE_STORAGE_<TYPE>_<OPTION>``
        variables, by type of broker. They may hold secrets.
    """

    data_dir: Path = Path(".scale")
    database_url: str = ""
    engine: str = DEFAULT_ENGINE
    bind: str = "127.0.0.1:8580"
    public_url: str = ""
    grace_seconds: float = 10.0
    long_wait_seconds: float = 300.0
    long_wait_share: float = 0.25
    node_absent_seconds: float = 86400.0
    node_failures: int = 10
    node_failure_seconds: float = 600.0
    scan_open_ingests: int = 2000
    auth: bool = False
    max_request_mib: float = 16.0
    content_seconds: float = 30.0
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_claim: str = "roles"
    oidc_roles: str = ""
    logs_workspace: str = ""
    metrics_bind: str = ""
    log_level: str = "INFO"
    log_format: str = "text"
    engine_options: Mapping[str, Any] = field(default_factory=dict)
    storage_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'scale.db'}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on.

        :raises SettingsError: ``bind`` is not ``host:port``.
        """
        return _address("bind", self.bind)

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port where ``scale scheduler`` tells how it is; None: nowhere.

        :raises SettingsError: ``metrics_bind`` is not ``host:port``.
        """
        return _address("metrics_bind", self.metrics_bind) if self.metrics_bind else None


SECONDS = frozenset(
    {"grace_seconds", "long_wait_seconds", "node_absent_seconds", "node_failure_seconds", "content_seconds"}
)
OIDC = frozenset({"oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_claim", "oidc_roles"})
TEXTS = OIDC | {
    "data_dir", "database_url", "engine", "bind", "public_url", "logs_workspace", "metrics_bind", "log_level",
    "log_format",
}  # fmt: skip
SWITCHES = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
MAY_BE_EMPTY = OIDC | {"database_url", "logs_workspace", "metrics_bind", "public_url"}
TABLES = ("engine_options", "storage_options")
SIMPLE = tuple(one.name for one in fields(Settings) if one.name not in TABLES)


def load_settings(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Put the settings together.

    :param flags: what was given on the command line, by setting name; None counts as not given.
    :raises SettingsError: a value cannot be read.
    """
    given_file = flags.get("config") or environ.get("SCALE_CONFIG")
    values = _from_file(Path(given_file or CONFIG_FILE), required=given_file is not None)
    options = dict(values.pop("engine_options"))
    storage = _storage_options(values.pop("storage_options"), environ)
    for name in SIMPLE:
        if (variable := f"SCALE_{name.upper()}") in environ:
            values[name] = environ[variable]
    values |= {name: value for name, value in flags.items() if name in SIMPLE and value is not None}
    for prefix in ("SCALE_ENGINE_", f"SCALE_{str(values.get('engine', DEFAULT_ENGINE)).upper()}_"):
        options |= {key.removeprefix(prefix).lower(): value for key, value in environ.items() if key.startswith(prefix)}
    return Settings(**_typed(values), engine_options=options, storage_options=storage)


def _storage_options(tables: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Those of the file with those of the variables over them. A type's name ends at the first underscore."""
    options = {kind: dict(table) for kind, table in tables.items()}
    prefix = "SCALE_STORAGE_"
    for key, value in environ.items():
        kind, _, name = key.removeprefix(prefix).lower().partition("_")
        if key.startswith(prefix) and kind and name:
            options.setdefault(kind, {})[name] = value
    return options


def _from_file(path: Path, required: bool) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        if required:
            raise SettingsError(f"There is no settings file {path}.") from error
        return {"engine_options": {}, "storage_options": {}}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from error
    engine = document.pop("engine", {})
    options = {}
    if isinstance(engine, dict):
        options = {key: value for key, value in engine.items() if key != "name"}
        engine = engine.get("name", DEFAULT_ENGINE)
    storage = document.pop("storage", {})
    if not isinstance(storage, dict) or not all(isinstance(table, dict) for table in storage.values()):
        raise SettingsError(f"{path}: storage has a table for each type of broker, such as [storage.nfs].")
    if unknown := set(document) - set(SIMPLE):
        raise SettingsError(f"{path}: unknown setting {sorted(unknown)[0]!r}; there are {', '.join(SIMPLE)}.")
    if engine:
        document["engine"] = engine
    return document | {"engine_options": options, "storage_options": storage}


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    result = dict(values)
    for name in TEXTS & result.keys():
        if not isinstance(result[name], str | Path) or not str(result[name]):
            if name in MAY_BE_EMPTY and result[name] == "":
                continue
            raise SettingsError(f"{name}: {result[name]!r} is no text; write it in quotes.")
    if "data_dir" in result:
        result["data_dir"] = Path(result["data_dir"])
    for name in SECONDS & result.keys():
        result[name] = _number(name, result[name], "a number of seconds")
    if "long_wait_share" in result:
        result["long_wait_share"] = _number("long_wait_share", result["long_wait_share"], "a share", 0.5)
    if "node_failures" in result:
        result["node_failures"] = _whole("node_failures", result["node_failures"], "a number of executions")
    if "scan_open_ingests" in result:
        result["scan_open_ingests"] = _whole("scan_open_ingests", result["scan_open_ingests"], "a number of files", 1)
    if "max_request_mib" in result:
        result["max_request_mib"] = _number("max_request_mib", result["max_request_mib"], "a number of MiB")
    if "public_url" in result:
        result["public_url"] = _web_address("public_url", result["public_url"])
    if "auth" in result:
        result["auth"] = _switch("auth", result["auth"])
    if "log_level" in result:
        result["log_level"] = _one_of("log_level", result["log_level"].upper(), LOG_LEVELS)
    if "log_format" in result:
        result["log_format"] = _one_of("log_format", result["log_format"], LOG_FORMATS)
    return result


def _address(name: str, value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{name}: {value!r} is not host:port, for example 127.0.0.1:8580.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _web_address(name: str, value: str) -> str:
    """The address without a slash at its end."""
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    except ValueError:
        is_address = False
    if value and not is_address:
        raise SettingsError(f"{name}: {value!r} is no address of a site, for example https://scale.example/api.")
    return value.rstrip("/")


def _switch(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in SWITCHES:
        raise SettingsError(f"{name}: {value!r} is neither on nor off.")
    return SWITCHES[value.lower()]


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise SettingsError(f"{name}: {value!r} is none of {', '.join(known)}.")
    return value


def _whole(name: str, value: Any, what: str, least: int = 0) -> int:
    number = _number(name, value, what)
    if not number.is_integer() or number < least:
        raise SettingsError(f"{name}: {value!r} is not {what}" + (f" from {least} on." if least else "."))
    return int(number)


def _number(name: str, value: Any, what: str, most: float = math.inf) -> float:
    """A number from 0 to ``most``."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name}: {value!r} is not {what}.") from error
    if not (math.isfinite(number) and 0 <= number <= most):
        bounds = "from 0 on" if most == math.inf else f"from 0 to {most:g}"
        raise SettingsError(f"{name}: {value!r} is not {what} {bounds}.")
    return number
