"""moto's S3 over HTTP, behind a door that checks signatures, counts and misbehaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.servers.door import Door

ROOT = ('ROOTKEY', 'root-secret')


@dataclass
class Key:
    """Who may do anything; an expired one may do nothing."""

    secret: str
    token: str = ''
    expired: bool = False


@dataclass
class S3Server(Door):
    """`keys` are those who may come in; a bucket in `public` may be read by anyone.

    `credentials` is what instances are lent at `/credentials`. Who is in `tenants` has buckets of
    its own, with this before their names. `files` are large objects by path, on disk.
    """

    keys: dict[str, Key] = field(default_factory=lambda: {ROOT[0]: Key(ROOT[1])})
    public: set[str] = field(default_factory=set)
    credentials: dict[str, str] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

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

    def backend(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as moto does, and lend credentials."""
        if environ['RAW_URI'] == '/credentials':
            lent = json.dumps(self.credentials).encode()
            start('200 OK', [('Content-Length', str(len(lent)))])
            return [lent]
        if environ['PATH_INFO'] in self.files:
            return _part_of(self.files[environ['PATH_INFO']], environ, start)
        name = environ['HTTP_HOST'].removesuffix(self.host.replace('127.0.0.1', 'localhost'))
        before = f'/{self.tenants.get(self.signed_by(environ), "")}'
        if name.endswith('.'):
            # A bucket before the host is the same as one in the path.
            before += f'{name[:-1]}/'
        for key in ('PATH_INFO', 'RAW_URI', 'REQUEST_URI'):
            environ[key] = before + environ[key][1:]
        environ['HTTP_HOST'] = self.host
        if environ['REQUEST_METHOD'] == 'PUT':
            # Browsers say that it is a form, and moto would read it as one.
            environ['CONTENT_TYPE'] = 'application/octet-stream'
        # Browsers of any site may ask, as MinIO has it.
        origin = environ.pop('HTTP_ORIGIN', '')
        if environ['REQUEST_METHOD'] == 'OPTIONS':
            start('200 OK', [('Content-Length', '0'), *_for_browsers(origin)])
            return []

        def told(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            own = [one for one in headers if not one[0].startswith('Access-Control-')]
            return start(line, [*own, *_for_browsers(origin)], *rest)

        return self._moto(environ, told)

    def signed_by(self, environ: dict[str, Any]) -> str:
        """Return the name of the key."""
        return _signature(environ).get('Credential', '').split('/')[0]

    def refusal(self, environ: dict[str, Any]) -> int:
        """Return 403 for whoever may not do it, 400 for an expired key: as S3 does."""
        address = urlsplit(environ['RAW_URI'])
        if 'Signature' in address.query or address.path == '/credentials':
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


def _part_of(file: Path, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with a part of a file, which is never in memory."""
    size, etag = file.stat().st_size, f'"{file.stat().st_mtime_ns:x}"'
    headers = [('ETag', etag), ('Content-Type', 'image/tiff')]
    if environ['REQUEST_METHOD'] == 'HEAD':
        start('200 OK', [*headers, ('Content-Length', str(size))])
        return []
    if environ.get('HTTP_IF_MATCH', etag) != etag:
        start('412 Precondition Failed', [('Content-Length', '0')])
        return []
    first, last = map(int, environ['HTTP_RANGE'].removeprefix('bytes=').split('-'))
    with file.open('rb') as opened:
        opened.seek(first)
        body = opened.read(last + 1 - first)
    given = ('Content-Range', f'bytes {first}-{last}/{size}')
    start('206 Partial Content', [*headers, given, ('Content-Length', str(len(body)))])
    return [body]


def _for_browsers(origin: str) -> list[tuple[str, str]]:
    if not origin:
        return []
    told = {'Allow-Origin': origin, 'Allow-Methods': 'GET, PUT, POST', 'Allow-Headers': '*'}
    return [(f'Access-Control-{name}', text) for name, text in told.items()] + [
        ('Access-Control-Expose-Headers', 'ETag')
    ]


def _signature(environ: dict[str, Any]) -> dict[str, str]:
    text = environ.get('HTTP_AUTHORIZATION', '').removeprefix('AWS4-HMAC-SHA256 ')
    return dict(part.strip().split('=', 1) for part in text.split(',') if '=' in part)
