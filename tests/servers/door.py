"""A door before a store: it counts who comes, and misbehaves as a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server


@dataclass(frozen=True)
class Request:
    """One line of the server's log; `range` is the first and the last byte that were asked for."""

    method: str
    path: str
    range: tuple[int, int] | None
    query: str
    signed_by: str
    condition: str
    status: int


@dataclass
class Stall:
    """A fault: only `sent` bytes of the body come, and then none until the `end`."""

    sent: int = 1024
    end: threading.Event = field(default_factory=threading.Event)


_OF_THE_CONNECTION = {'connection', 'keep-alive', 'transfer-encoding'}
# The status that is answered in place of an object, a stall, or None.
Fault = int | Stall | None


class _Handler(WSGIRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log(self, *args: Any) -> None:
        """Say nothing: the log is kept by the server."""


@dataclass
class Door:
    """`port` is a free one until it is open; `log` has all requests."""

    port: int = 0
    log: list[Request] = field(default_factory=list)
    fault: Callable[[str, str], Fault] = lambda method, path: None

    def start(self) -> None:
        """Listen; a door that was stopped listens where it did before."""
        self._server = make_server(
            '127.0.0.1', self.port, self._answer, True, request_handler=_Handler
        )
        self._server.daemon_threads = True
        self.port = self._server.server_port
        # Nobody has to wait long for its end.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f'127.0.0.1:{self.port}'

    @property
    def url(self) -> str:
        return f'http://{self.host}'

    @contextmanager
    def down(self) -> Iterator[None]:
        """Listen to nobody in the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def answering(self, status: int, method: str = '') -> Iterator[None]:
        """Answer with an error in the block, to one method or to all."""
        with self._faulty(lambda asked, path: status if asked == method or not method else None):
            yield

    @contextmanager
    def stalling(self, method: str = 'GET') -> Iterator[None]:
        """Send the first kilobyte and no more, until the end of the block."""
        stall = Stall()
        try:
            with self._faulty(lambda asked, path: stall if asked == method else None):
                yield
        finally:
            stall.end.set()

    @contextmanager
    def cutting(self) -> Iterator[None]:
        """Close connections when half a kilobyte of a body was sent."""
        cut = Stall(512)
        cut.end.set()
        with self._faulty(lambda asked, path: cut if asked == 'GET' else None):
            yield

    @contextmanager
    def counting(self) -> Iterator[list[Request]]:
        """Give the requests of the block, complete at its end."""
        start, found = len(self.log), []
        yield found
        found += self.log[start:]

    # What a store has of its own.

    def backend(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request that may come in."""
        raise NotImplementedError

    def refusal(self, environ: dict[str, Any]) -> int:
        """Return with which status a request is refused; 0 for one that is not."""
        return 0

    def signed_by(self, environ: dict[str, Any]) -> str:
        """Return whose key a request is signed with; empty for one that is not signed."""
        return ''

    @contextmanager
    def _faulty(self, fault: Callable[[str, str], Fault]) -> Iterator[None]:
        former, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = former

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = unquote(urlsplit(environ['RAW_URI']).path)
        fault = self.fault(environ['REQUEST_METHOD'], path)
        status = self.refusal(environ) or (fault if isinstance(fault, int) else 0)
        if status:
            return self._plain(environ, start, status, f'<Error><Code>{status}</Code></Error>')

        def logged(line: str, headers: Any, *rest: Any) -> Any:
            self._log(environ, int(line[:3]))
            return start(line, headers, *rest)

        body = self.backend(environ, logged)
        return _stalled(b''.join(body), fault) if isinstance(fault, Stall) else body

    def _plain(self, environ: Any, start: Any, status: int, text: str) -> list[bytes]:
        body = b'' if environ['REQUEST_METHOD'] == 'HEAD' else text.encode()
        self._log(environ, status)
        start(f'{status} Said', [('Content-Length', str(len(body)))])
        return [body]

    def _log(self, environ: dict[str, Any], status: int) -> None:
        asked = environ.get('HTTP_RANGE', '').removeprefix('bytes=').split('-')
        address = urlsplit(environ['RAW_URI'])
        self.log.append(
            Request(
                method=environ['REQUEST_METHOD'],
                path=unquote(address.path),
                range=(int(asked[0]), int(asked[1])) if len(asked) == 2 else None,
                query=address.query,
                signed_by=self.signed_by(environ),
                condition=environ.get('HTTP_IF_MATCH', ''),
                status=status,
            )
        )


@dataclass
class Proxy(Door):
    """The door before a server of its own, which listens on the port `behind`."""

    behind: int = 0

    def backend(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Hand a request through."""
        headers = {
            name.removeprefix('HTTP_').replace('_', '-'): value
            for name, value in environ.items()
            if value and (name.startswith('HTTP_') or name in ('CONTENT_LENGTH', 'CONTENT_TYPE'))
        }
        content = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
        connection = HTTPConnection('127.0.0.1', self.behind, timeout=20)
        try:
            connection.request(environ['REQUEST_METHOD'], environ['RAW_URI'], content, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        start(
            f'{answer.status} {answer.reason}',
            [one for one in answer.getheaders() if one[0].lower() not in _OF_THE_CONNECTION],
        )
        return [body]


def _stalled(body: bytes, stall: Stall) -> Iterator[bytes]:
    yield body[: stall.sent]
    stall.end.wait(60)
    # The rest never comes.
