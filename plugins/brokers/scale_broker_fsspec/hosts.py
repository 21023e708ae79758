"""Knowing the server one talks to by SSH."""

import hmac
from collections.abc import Mapping
from typing import Any, Final

from scale_core.interfaces.broker import StorageUnavailable

CLOSE_SECONDS: Final = 1.0
"""For how long the end of a connection is waited for: paramiko notices it in a tenth of that."""


def ssh_arguments(arguments: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
    """The arguments of fsspec's SFTP with a check of the server's key, and with time-outs.

    ``host_key`` among them is the server's public key as in ``known_hosts``, without the host: ``ssh-ed25519 AAAA…``.

    :raises StorageUnavailable: they say nothing about the key.
    """
    given = dict(arguments)
    key = given.pop("host_key", None)
    if key is not None:
        given["host_key_policy"] = _policy(str(key))
    elif "host_key_policy" not in given:
        raise StorageUnavailable(
            "The account does not say which key the server has. Set its host_key in [storage.fsspec.accounts] of "
            "scale.toml (`ssh-keyscan HOST` tells it), or host_key_policy to 'auto_add' to trust any server."
        )
    for name in ("timeout", "banner_timeout", "auth_timeout"):
        given.setdefault(name, timeout_seconds)
    return given


def disconnect(client: Any) -> None:
    """Close an SSH client's connection. paramiko leaves the last step to a thread of its own, which is waited for."""
    transport = client.get_transport()
    if transport is not None:
        transport.close()
        transport.join(CLOSE_SECONDS)


def disown(client: Any) -> None:
    """Let go of an SSH client that is that of the process from which this one was forked. Its end must not be told:
    that would go over the connection of the other one."""
    transport = client.get_transport() if hasattr(client, "get_transport") else None
    if transport is not None:
        transport.active = False  # paramiko sends nothing any more


def ask(fs: Any) -> None:
    """Ask for something, to see whether the connection of a file system is there. Those without a connection of their
    own connect when they need it.

    :raises Exception: it is not.
    """
    connection: Any = getattr(fs, "ftp", None)
    if hasattr(connection, "normalize"):  # SFTP
        connection.normalize(".")
    elif hasattr(connection, "voidcmd"):  # FTP
        connection.voidcmd("NOOP")


def _policy(expected: str) -> Any:
    import paramiko

    # paramiko has no types: its classes are Any to mypy.
    class OneKey(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        """Accepts the one key."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            """Compare.

            :raises SSHException: it is another.
            """
            shown = f"{key.get_name()} {key.get_base64()}"
            if not hmac.compare_digest(shown, " ".join(expected.split()[:2])):
                raise paramiko.SSHException(f"the server {hostname} has another key than host_key says: {shown}")

    return OneKey()
