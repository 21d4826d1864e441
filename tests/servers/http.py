"""A web server that misbehaves as a test wants it to."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Web:
    """What the server has and does.

    `files` are contents by path; `fault` is one of the names of `_Handler.fail_*`, '' for none, and
    applies to `faulty` methods. `redirects` are addresses by path; `asked` are method, path and
    range of each request, `headers` their headers. One that `closes` does so after each answer.
    """

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    fault: str = ''
    faulty: tuple[str, ...] = ('HEAD', 'GET')
    validators: tuple[str, ...] = ('ETag', 'Last-Modified')
    closes: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    # Set at the end of a test: what stalls goes on.
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}/'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Else a body waits for the acknowledgement of its headers.
    disable_nagle_algorithm = True
    web: Web

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = self.path.lstrip('/').partition('?')[0]
        self.web.asked.append((self.command, self.path, self.headers.get('Range', '')))
        self.web.headers.append(dict(self.headers))
        if self.web.fault and self.command in self.web.faulty:
            kind, _, value = self.web.fault.partition(' ')
            getattr(self, f'fail_{kind}')(path, value)
        elif path in self.web.redirects:
            self.head(302, Location=self.web.redirects[path])
        elif path not in self.web.files:
            self.head(404)
        else:
            self.give(path)

    def give(self, path: str, short: int = 0, stall: int = -1) -> None:
        content = self.web.files[path]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        known = {'ETag': etag, 'Last-Modified': formatdate(len(content), usegmt=True)}
        headers = {name: known[name] for name in self.web.validators}
        if self.headers.get('If-Match', etag) != etag:
            return self.head(412)
        found = re.fullmatch(r'bytes=(\d+)-(\d+)', self.headers.get('Range', ''))
        if self.command == 'HEAD' or not found:
            self.head(200, length=len(content), **headers)
            if self.command == 'GET':
                self.wfile.write(content)
            return None
        start, end = int(found[1]), min(int(found[2]) + 1, len(content))
        headers['Content-Range'] = f'bytes {start}-{end - 1}/{len(content)}'
        self.head(206, length=end - start, **headers)
        if stall >= 0:
            self.wfile.write(content[start : min(end, start + stall)])
            self.wfile.flush()
            self.web.done.wait(30)
            self.close_connection = True
            return None
        self.wfile.write(content[start : end - short])
        if short:
            self.close_connection = True
        return None

    def head(self, status: int, length: int = 0, **headers: str) -> None:
        self.send_response(status)
        self.send_header('Content-Length', str(length))
        if self.web.closes:
            self.send_header('Connection', 'close')
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()

    def fail_status(self, path: str, value: str) -> None:
        self.head(int(value))

    def fail_silent(self, path: str, value: str) -> None:
        self.web.done.wait(30)
        self.close_connection = True

    def fail_drip(self, path: str, value: str) -> None:
        """Send a header of which every byte is in time."""
        try:
            while not self.web.done.wait(0.02):
                self.wfile.write(b'X')
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def fail_stall(self, path: str, value: str) -> None:
        self.give(path, stall=1024)

    def fail_short(self, path: str, value: str) -> None:
        self.give(path, short=100)

    def fail_drop(self, path: str, value: str) -> None:
        self.close_connection = True

    def fail_unranged(self, path: str, value: str) -> None:
        """Ignore the range, as a server without ranges does."""
        del self.headers['Range']
        self.give(path)

    def fail_replaced(self, path: str, value: str) -> None:
        """Give another file and ignore conditions, as a careless server does."""
        del self.headers['If-Match']
        self.give(value)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up on purpose."""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """Start a server in threads of this process, and stop it afterwards."""
    web = Web()
    handler = type('Handler', (_Handler,), {'web': web})
    server = _Server(('127.0.0.1', 0), handler)
    web.port = server.server_address[1]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    try:
        yield web
    finally:
        web.done.set()
        server.shutdown()
        thread.join()
        server.server_close()
