"""The URLs that the settings allow: parsed once, compared part by part."""

from __future__ import annotations

import ipaddress
import logging
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from django_large_image.conf import settings
from django_large_image.exceptions import UnreadableError
from django_large_image.storage.labels import label

logger = logging.getLogger(__name__)

FORBIDDEN = 'Images at this address are not allowed.'
INVALID = 'The URL of this image is not valid.'
_PORTS = {'http': 80, 'https': 443}
# Stores whose paths GDAL knows by names of its own.
CLOUDS = {'s3': '/vsis3/', 'gs': '/vsigs/', 'az': '/vsiaz/'}
# Some readers take a backslash for a slash, and drop what cannot be seen.
_STRANGE = re.compile(r'[\x00-\x20\x7f\\]')
_PLAIN_HOST = re.compile(r'[a-z0-9._:-]*', re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts. As a text it is what a log may hold: without user and query."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ''
    user: str = ''

    @classmethod
    def parse(cls, url: str) -> Address:
        """Return the parts of a URL; raises `ValueError` for one that is not plainly a URL."""
        if _STRANGE.search(url):
            raise ValueError('strange characters')
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in _PORTS and scheme not in CLOUDS:
            raise ValueError('unknown scheme')
        user, _, _ = parts.netloc.rpartition('@')
        host = parts.hostname or ''
        if scheme in CLOUDS:
            # Names of buckets are not names of hosts.
            host = parts.netloc
        elif not host.isascii():
            host = host.encode('idna').decode()
        host = host.lower() if scheme in _PORTS else host
        host = host.removesuffix('.')
        if not _PLAIN_HOST.fullmatch(host.lower()):
            raise ValueError('no name of a host')
        if ':' in host:
            host = str(ipaddress.IPv6Address(host))
        path = quote(parts.path or '/', safe="/%:@!$&'()*+,;=~-._")
        if '..' in _decoded(path).split('/'):
            raise ValueError('steps up')
        port = 0 if scheme in CLOUDS else parts.port or _PORTS[scheme]
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
        return cls(scheme, host, port, path, query, '' if scheme in CLOUDS else user)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Which server it is."""
        return self.scheme, self.host, self.port

    @property
    def target(self) -> str:
        """What the server is asked for."""
        return f'{self.path}?{self.query}' if self.query else self.path

    @property
    def url(self) -> str:
        """All of it, secrets included."""
        user = f'{self.user}@' if self.user else ''
        query = f'?{self.query}' if self.query else ''
        return f'{self.scheme}://{user}{self._place}{self.path}{query}'

    @property
    def name(self) -> str:
        """The last part of the path."""
        return unquote(self.path).rsplit('/', 1)[-1]

    @property
    def label(self) -> str:
        """A short text that tells URLs apart, and no secret."""
        return label(self.url)

    def with_user(self, user: str) -> Address:
        """Return the same with another user."""
        return replace(self, user=user)

    def within(self, prefix: Address) -> bool:
        """Whether it lies below a prefix, whose host may be empty: any."""
        if self.scheme != prefix.scheme:
            return False
        if prefix.host and self.origin != prefix.origin:
            return False
        below = _decoded(prefix.path)
        path = _decoded(self.path)
        return path.startswith(below if below.endswith('/') else f'{below}/') or path == below

    @property
    def _place(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        return host if self.port in (0, _PORTS.get(self.scheme)) else f'{host}:{self.port}'

    def __str__(self) -> str:
        return f'{self.scheme}://{self._place}{self.path}'


def allowed(url: str) -> Address:
    """Return the parts of a URL; raises `UnreadableError` where no prefix of the settings allows
    it.
    """
    try:
        address = Address.parse(url)
        inside = any(address.within(prefix) for prefix in prefixes(settings.URL_PREFIXES))
    except ValueError as error:
        logger.info('A URL was refused: %s', type(error).__name__)
        raise UnreadableError(INVALID) from None
    if not inside:
        logger.warning("%s is not among LARGE_IMAGE['URL_PREFIXES']: refused", address)
        raise UnreadableError(FORBIDDEN)
    return address


@lru_cache(maxsize=8)
def prefixes(texts: tuple[str, ...]) -> tuple[Address, ...]:
    """Return the parts of the prefixes in the settings; raises `ValueError` for one that is no
    URL, or names a user or a query.
    """
    parsed = tuple(map(Address.parse, texts))
    if any(prefix.user or prefix.query for prefix in parsed):
        raise ValueError('A prefix has neither a user nor a query.')
    return parsed


def _decoded(path: str) -> str:
    """Return a path as the most eager of servers would read it."""
    for _ in range(4):
        plain = unquote(path)
        if plain == path:
            break
        path = plain
    else:
        raise ValueError('encoded too often')
    if _STRANGE.search(path.replace(' ', '')):
        raise ValueError('strange characters')
    return path
