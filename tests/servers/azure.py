"""Azurite, Microsoft's own emulator of Azure's blobs, behind a door."""

from __future__ import annotations

import hmac
import shutil
import socket
import subprocess
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from tests.servers.door import Proxy

PROGRAM = Path(__file__).resolve().parents[2] / 'node_modules/azurite/dist/src/blob/main.js'
# Those of every emulator of Azure.
ACCOUNT = 'devstoreaccount1'
SECRET = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
_STARTS_IN = 30


class AzureServer(Proxy):
    """Azurite checks who asks."""

    @property
    def environment(self) -> dict[str, str]:
        """What GDAL is told of it, and of who asks."""
        return {'AZURE_STORAGE_CONNECTION_STRING': self._connection(f'AccountKey={SECRET}')}

    def lent(self, seconds: int) -> dict[str, str]:
        """Return an environment with access for a time, which may be over."""
        return {
            'AZURE_STORAGE_CONNECTION_STRING': self._connection(
                f'SharedAccessSignature={_signature(seconds)}'
            )
        }

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Store a blob; its container is made where there is none."""
        place = f'http://127.0.0.1:{self.behind}/{ACCOUNT}/{bucket}'
        access = _signature(60)
        with suppress(HTTPError):
            urlopen(Request(f'{place}?restype=container&{access}', b'', method='PUT')).close()
        kind = {'x-ms-blob-type': 'BlockBlob'}
        urlopen(Request(f'{place}/{quote(key)}?{access}', content, kind, method='PUT')).close()

    def _connection(self, access: str) -> str:
        place = f'BlobEndpoint=http://{self.host}/{ACCOUNT}'
        return f'DefaultEndpointsProtocol=http;AccountName={ACCOUNT};{place};{access}'

    def signed_by(self, environ: dict[str, Any]) -> str:
        """Return the name of the account."""
        told = environ.get('HTTP_AUTHORIZATION', '')
        return str(told).removeprefix('SharedKey ').partition(':')[0]


def _signature(seconds: int) -> str:
    """Return a shared access signature of the account: for all that is there, for a time."""
    until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    said = {
        'sp': 'rwc',
        'ss': 'b',
        'srt': 'sco',
        'st': '',
        'se': until.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'sip': '',
        'spr': '',
        'sv': '2019-12-12',
    }
    signed = '\n'.join([ACCOUNT, *said.values(), ''])
    said['sig'] = b64encode(hmac.digest(b64decode(SECRET), signed.encode(), 'sha256')).decode()
    return urlencode({name: value for name, value in said.items() if value})


def is_installed() -> bool:
    """Whether there is an Azurite to start."""
    return PROGRAM.exists() and shutil.which('node') is not None


@contextmanager
def running() -> Iterator[AzureServer]:
    """Start a server and stop it afterwards; raises `RuntimeError` where it does not start."""
    port = _free_port()
    home = tempfile.mkdtemp(prefix='azurite-')
    process = subprocess.Popen(
        [
            *('node', str(PROGRAM), '--silent', '--inMemoryPersistence'),
            *('--blobPort', str(port), '--skipApiVersionCheck'),
        ],
        cwd=home,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        server = AzureServer(behind=port)
        server.start()
        yield server
        server.stop()
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(home)


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _STARTS_IN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError('Azurite does not start.')
