"""Addresses of machines."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether the address, or name, is one by which only this machine reaches itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
