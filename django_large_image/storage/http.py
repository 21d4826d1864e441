"""Questions to web servers: heads and ranges, never a whole file, of the hosts that are allowed.

Names are resolved here, their addresses checked, and the connection made to the very address that
was checked. Redirects are followed only to where the settings allow.
"""

from __future__ import annotations

import base64
import http.client
import io
import itertools
import logging
import os
import socket
import ssl
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import unquote, urljoin

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, LargeImageError, UnreadableError
from django_large_image.storage.addresses import resolve
from django_large_image.storage.answers import Answer, Deadline, cut_short, whole
from django_large_image.storage.prefixes import Address, allowed

logger = logging.getLogger(__name__)

_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 5
# Idle connections to one host.
_MAX_IDLE = 8
_CHUNK = 256 * 1024


class _Line:
    """A socket as `http.client` uses it, with one deadline for all that is read of an answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.sendall = connection.sendall
        self.close = connection.close

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what one answer is read from."""
        return io.BufferedReader(_Timed(self._socket), _CHUNK)


class _Timed(io.RawIOBase):
    """Reads a socket until the deadline, which bytes put off when they come fast enough."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket, self._deadline = connection, Deadline()
        # Where the server ends the connection, `http.client` closes the socket before it is read.
        self._hold = connection.makefile('rb', 0)

    def close(self) -> None:
        self._hold.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        count = self._socket.recv_into(buffer)
        self._deadline.came(count)
        return count


class _Checked(http.client.HTTPConnection):
    """A connection to an address that was checked before."""

    def connect(self) -> None:
        self.sock: Any = _Line(_dial(self.host, self.port))


class _CheckedTLS(http.client.HTTPSConnection):
    """The same by TLS; the certificate has to be that of the name."""

    def connect(self) -> None:
        dialled = _dial(self.host, self.port)
        self.sock: Any = _Line(_tls().wrap_socket(dialled, server_hostname=self.host))


class _Idle:
    """Connections that wait for the next request."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._guard = Lock()
        self._idle: defaultdict[tuple[str, str, int], list[http.client.HTTPConnection]]
        self._idle = defaultdict(list)

    def close(self) -> None:
        """Close all of them."""
        with self._guard:
            idle, self._idle = self._idle, defaultdict(list)
        for connection in itertools.chain.from_iterable(idle.values()):
            connection.close()

    def take(self, address: Address) -> http.client.HTTPConnection | None:
        with self._guard:
            idle = self._idle[address.origin]
            return idle.pop() if idle else None

    def give(self, address: Address, connection: http.client.HTTPConnection) -> None:
        with self._guard:
            idle = self._idle[address.origin]
            idle.append(connection)
            gone = idle[:-_MAX_IDLE]
            del idle[:-_MAX_IDLE]
        for old in gone:
            old.close()


_idle = _Idle()
# A child process would share the connections of its parent.
os.register_at_fork(after_in_child=_idle.reset)


def head(url: str) -> Answer:
    """Return the answer to a HEAD, after redirects.

    Raises `BusyError` for a server that is down, slow or in trouble, `UnreadableError` for an
    answer that it has no such file or one that leads where the settings do not allow.
    """
    answer = _follow('HEAD', url, {}, 0)
    if answer.status in (403, 405, 501):
        # Of servers, or signatures, that know only GET.
        answer = _follow('GET', url, {'Range': 'bytes=0-0'}, 1)
    answer.check()
    return answer


def get(url: str, start: int, end: int, headers: dict[str, str]) -> Answer:
    """Return the answer 206 that holds the bytes from `start` up to `end`, after redirects.

    Raises what `head` raises, and `UnreadableError` where the server does not know ranges.
    """
    asked = {'Range': f'bytes={start}-{end - 1}', **headers}
    answer = _follow('GET', url, asked, end - start)
    answer.check_part(start, end)
    if len(answer.body) != end - start:
        raise cut_short()
    return answer


def _follow(method: str, url: str, headers: dict[str, str], limit: int) -> Answer:
    address = allowed(url)
    for _ in range(_MAX_REDIRECTS + 1):
        answer = _ask(method, address, headers, limit)
        if answer.status not in _REDIRECTS:
            if answer.status >= 400:
                logger.info('%s answered %s', address, answer.status)
            return answer
        following = allowed(urljoin(answer.url, answer.headers.get('location', '')))
        if following.origin == address.origin and not following.user:
            following = following.with_user(address.user)
        address = following
    raise UnreadableError('The store of this image redirects too often.')


def _ask(method: str, address: Address, headers: dict[str, str], limit: int) -> Answer:
    """Return the answer to one request; one that finds its connection closed is sent again.

    Of a body no more than `limit` bytes are read.
    """
    headers = {'Accept-Encoding': 'identity', 'User-Agent': 'django-large-image', **headers}
    if address.user:
        token = base64.b64encode(unquote(address.user).encode()).decode()
        headers['Authorization'] = f'Basic {token}'
    connection = _idle.take(address)
    with _translated(address):
        if connection is not None:
            try:
                return _exchange(connection, method, address, headers, limit)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
                connection.close()
        return _exchange(_connection(address), method, address, headers, limit)


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    address: Address,
    headers: dict[str, str],
    limit: int,
) -> Answer:
    done = False
    try:
        connection.request(method, address.target, headers=headers)
        with connection.getresponse() as response:
            if method == 'GET' and response.status == 200:
                raise whole()
            # The body of an error is not read: its connection is closed.
            known = method == 'HEAD' or response.status == 206
            body = response.read(limit) if known else b''
            done = response.isclosed() and not response.will_close
            fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, fields, body, address.url)
    finally:
        if done:
            _idle.give(address, connection)
        else:
            connection.close()


@contextmanager
def _translated(address: Address) -> Iterator[None]:
    """Turn errors of the network into ours; their texts may name addresses of the inner network."""
    try:
        yield
    except LargeImageError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        logger.warning('%s could not be asked: %s', address, type(error).__name__)
        raise BusyError() from None


def _connection(address: Address) -> http.client.HTTPConnection:
    if address.scheme == 'https':
        return _CheckedTLS(address.host, address.port, context=_tls())
    return _Checked(address.host, address.port)


def _dial(host: str, port: int) -> socket.socket:
    """Return a connection to the first address of a host that answers; all of them are checked."""
    error: OSError = OSError('no address')
    for ip in resolve(host, port):
        try:
            connection = socket.create_connection((ip, port), timeout=settings.REMOTE_TIMEOUT)
        except OSError as failed:
            error = failed
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    raise error


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms.
    return ssl.create_default_context()
