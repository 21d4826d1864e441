"""moto's S3 over HTTP, behind a door that checks signatures, counts and misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = ('ROOTKEY', 'root-secret')


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
class Key:
    """Who may do anything; an expired one may do nothing."""

    secret: str
    token: str = ''
    expired: bool = False


class _Handler(WSGIRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log(self, *args: Any) -> None:
        """Say nothing: the log is kept by the server."""


@dataclass
class S3Server:
    """`keys` are those who may come in; a bucket in `public` may be read by anyone.

    `credentials` is what instances are lent at `/credentials`.
    """

    keys: dict[str, Key] = field(default_factory=lambda: {ROOT[0]: Key(ROOT[1])})
    public: set[str] = field(default_factory=set)
    credentials: dict[str, str] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    fault: Callable[[str, str], int | threading.Event | None] = lambda method, path: None

    def start(self) -> None:
        """Listen on a free port."""
        self._backend = DomainDispatcherApplication(create_backend_app)
        self._server = make_server('127.0.0.1', 0, self._answer, True, request_handler=_Handler)
        self._server.daemon_threads = True
        self.host = f'127.0.0.1:{self._server.server_port}'
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f'http://{self.host}'

    def client(self) -> Any:
        """Return a client that may do anything."""
        return boto3.client(
            's3',
            endpoint_url=self.url,
            aws_access_key_id=ROOT[0],
            aws_secret_access_key=ROOT[1],
            region_name='us-east-1',
            config=Config(s3={'addressing_style': 'path'}),
        )

    @contextmanager
    def answering(self, status: int, method: str = '') -> Iterator[None]:
        """Answer with an error in the block, to one method or to all."""
        with self._faulty(lambda asked, path: status if asked == method or not method else None):
            yield

    @contextmanager
    def stalling(self, method: str = 'GET') -> Iterator[None]:
        """Send the first kilobyte and no more, until the end of the block."""
        end = threading.Event()
        try:
            with self._faulty(lambda asked, path: end if asked == method else None):
                yield
        finally:
            end.set()

    @contextmanager
    def counting(self) -> Iterator[list[Request]]:
        """Give the requests of the block, complete at its end."""
        start, found = len(self.log), []
        yield found
        found += self.log[start:]

    @contextmanager
    def _faulty(self, fault: Callable[[str, str], int | threading.Event | None]) -> Iterator[None]:
        former, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = former

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ['REQUEST_METHOD'], unquote(urlsplit(environ['RAW_URI']).path)
        fault = self.fault(method, path)
        if path == '/credentials':
            return self._plain(environ, start, 200, json.dumps(self.credentials))
        status = self._refusal(environ) or (fault if isinstance(fault, int) else 0)
        if status:
            return self._plain(environ, start, status, f'<Error><Code>{status}</Code></Error>')
        name = environ['HTTP_HOST'].removesuffix(self.host.replace('127.0.0.1', 'localhost'))
        if name.endswith('.'):
            # A bucket before the host is the same as one in the path.
            environ['PATH_INFO'] = f'/{name[:-1]}{environ["PATH_INFO"]}'
            environ['RAW_URI'] = environ['REQUEST_URI'] = f'/{name[:-1]}{environ["RAW_URI"]}'
        environ['HTTP_HOST'] = self.host

        def logged(line: str, headers: Any, *rest: Any) -> Any:
            self._log(environ, int(line[:3]))
            return start(line, headers, *rest)

        body = self._backend(environ, logged)
        return _stalled(b''.join(body), fault) if isinstance(fault, threading.Event) else body

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
                signed_by=_signature(environ).get('Credential', '').split('/')[0],
                condition=environ.get('HTTP_IF_MATCH', ''),
                status=status,
            )
        )

    def _refusal(self, environ: dict[str, Any]) -> int:
        """Return with which status a request is refused; 0 for one that is not."""
        address = urlsplit(environ['RAW_URI'])
        if 'Signature' in address.query:
            return 0
        signature = _signature(environ)
        if not signature:
            return 0 if address.path.split('/')[1] in self.public else 403
        access, date, region = signature['Credential'].split('/')[:3]
        key = self.keys.get(access)
        if key is None or environ.get('HTTP_X_AMZ_SECURITY_TOKEN', '') != key.token:
            return 403
        if key.expired:
            # As S3 has it.
            return 400
        headers = {
            name: environ['HTTP_' + name.upper().replace('-', '_')]
            if name not in ('content-type', 'content-length')
            else environ[name.upper().replace('-', '_')]
            for name in signature['SignedHeaders'].split(';')
        }
        request = AWSRequest(environ['REQUEST_METHOD'], url='', headers=headers)
        request.url = f'http://{environ["HTTP_HOST"]}{environ["RAW_URI"]}'
        request.context['timestamp'] = environ['HTTP_X_AMZ_DATE']
        auth = S3SigV4Auth(Credentials(access, key.secret), 's3', region)
        expected = auth.signature(
            auth.string_to_sign(request, auth.canonical_request(request)), request
        )
        return 0 if expected == signature['Signature'] and date in headers['x-amz-date'] else 403


def _signature(environ: dict[str, Any]) -> dict[str, str]:
    text = environ.get('HTTP_AUTHORIZATION', '').removeprefix('AWS4-HMAC-SHA256 ')
    return dict(part.strip().split('=', 1) for part in text.split(',') if '=' in part)


def _stalled(body: bytes, end: threading.Event) -> Iterator[bytes]:
    yield body[:1024]
    end.wait(60)
    # The rest never comes.
