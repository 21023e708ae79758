"""Whether the certificate of an agent is that of this machine's agent.

Agents are known to their executors by an address, and certificates mostly name hosts. The agent is on this machine, so
that its certificate may name the address, or this host.
"""

import socket
import ssl
from collections.abc import Collection
from typing import Any


def agent_context(ca_file: str | None, address: str) -> ssl.SSLContext:
    """What connects to the agent on this machine.

    :param ca_file: of the certificates that vouch for agents; None: those of the system.
    :param address: where the agent listens.
    :raises OSError, ssl.SSLError: they cannot be read.
    """
    context = HostContext(ssl.PROTOCOL_TLS_CLIENT)
    context.names = frozenset({address, socket.gethostname(), socket.getfqdn()})
    context.check_hostname = False  # by us, below: any of several names will do
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    return context


class HostContext(ssl.SSLContext):
    """Takes a certificate that has been vouched for and bears one of ``names``."""

    names: Collection[str] = ()

    def wrap_socket(self, *given: Any, **more: Any) -> ssl.SSLSocket:
        """Connect as a context does.

        :raises ssl.SSLCertVerificationError: the certificate is for somebody else.
        """
        wrapped = super().wrap_socket(*given, **more)
        certificate = wrapped.getpeercert() or {}
        if not names_any(certificate, self.names):
            wrapped.close()
            raise ssl.SSLCertVerificationError(
                f"The agent's certificate is for {', '.join(_named(certificate)) or 'nobody'}; "
                f"it has to be for one of {', '.join(sorted(self.names))}."
            )
        return wrapped


def names_any(certificate: Any, names: Collection[str]) -> bool:
    """Whether a certificate, as ``getpeercert`` has it, is for one of these hosts or addresses."""
    given = _named(certificate)
    return any(_is_for(pattern.lower(), name.lower()) for pattern in given for name in names)


def _named(certificate: Any) -> list[str]:
    return [value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]


def _is_for(pattern: str, name: str) -> bool:
    """A star stands for one whole label at the beginning (RFC 6125, 6.4.3)."""
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] and "." in pattern[2:]
    return pattern == name
