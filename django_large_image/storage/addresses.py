"""The addresses behind the names of hosts, and which of them may be asked."""

from __future__ import annotations

import ipaddress
import logging
import socket

from django_large_image.conf import settings
from django_large_image.exceptions import UnreadableError
from django_large_image.storage.prefixes import FORBIDDEN, prefixes

logger = logging.getLogger(__name__)

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 addresses that carry one of IPv4 in their last bits.
_NAT64 = ipaddress.ip_network('64:ff9b::/96')
# What a host of one's own may have.
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        *('127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'),
        *('::1/128', 'fc00::/7'),
    )
)
# Translated by rules of the place, and the IPv4-compatible ones of old: nobody's public address.
_NEVER = (ipaddress.ip_network('64:ff9b:1::/48'), ipaddress.ip_network('::/96'))


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host that may be asked.

    Raises `UnreadableError` when one of them lies in a network that is not public, unless the
    settings name the host; `OSError` when it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not _may_ask(host, ipaddress.ip_address(address)):
            logger.warning(
                '%s leads to an address that is not public: refused. If it is a host of your own, '
                "add its name to LARGE_IMAGE['URL_PRIVATE_HOSTS']",
                host,
            )
            raise UnreadableError(FORBIDDEN)
    return addresses


def _may_ask(host: str, ip: IP) -> bool:
    if _is_public(ip) or _names_address(host, ip):
        return True
    if host in settings.URL_PRIVATE_HOSTS or (host == 'localhost' and _is_named(host)):
        return all(any(plain in network for network in _PRIVATE) for plain in _meanings(ip))
    return False


def _names_address(host: str, ip: IP) -> bool:
    """Whether a prefix in the settings names this very address, not a name that leads to it."""
    try:
        return ipaddress.ip_address(host) == ip and _is_named(host)
    except ValueError:
        return False


def _is_named(host: str) -> bool:
    return any(prefix.host == host for prefix in prefixes(settings.URL_PREFIXES))


def _is_public(ip: IP) -> bool:
    return not any(ip in network for network in _NEVER) and all(
        plain.is_global
        and not plain.is_multicast
        and not plain.is_reserved
        and not getattr(plain, 'is_site_local', False)
        for plain in _meanings(ip)
    )


def _meanings(ip: IP) -> list[IP]:
    """Return an address, or the ones of IPv4 that it stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip.sixtofour is not None:
        return [ip.sixtofour]
    if ip.teredo is not None:
        return list(ip.teredo)
    if ip in _NAT64:
        return [ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)]
    return [ip]
