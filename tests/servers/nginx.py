"""An nginx of the tests' own: on a free port, in a temporary folder, with a log."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

_STARTS_IN = 20
_CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {home}/pid;
error_log {home}/errors;
events {{ worker_connections 256; }}
http {{
    log_format asked '$request_method $uri $status $body_bytes_sent "$http_range" $request_id';
    access_log {home}/asked asked;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    keepalive_requests 100000;
    server {{
        listen 127.0.0.1:{port};
        root {home}/files;
        location /up {{ access_log off; return 204; }}
    }}
}}
"""


@dataclass(frozen=True)
class Asked:
    """A request in the server's log; `size` is that of the body, in bytes."""

    method: str
    path: str
    status: int
    size: int
    range: str


class Nginx:
    """A running server: what lies in `files` is at `url`."""

    def __init__(self, home: Path, port: int) -> None:
        self.files = home / 'files'
        self.url = f'http://127.0.0.1:{port}/'
        self._log = home / 'asked'
        self._read = 0

    def put(self, name: str, content: bytes) -> None:
        """Write a file that the server may read, in place of one that it has."""
        path = self.files / name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)

    def asked(self, path: str = '') -> list[Asked]:
        """Return the requests since the last call, all of them answered; those for a path."""
        # It logs in the order in which it answers: this one comes after all others.
        mark = f'/mark-{time.monotonic_ns()}'
        with suppress(OSError):
            urlopen(self.url[:-1] + mark)
        while True:
            lines = self._log.read_text().splitlines()[self._read :]
            if any(mark in line for line in lines):
                break
            time.sleep(0.005)
        self._read += len(lines)
        found = [_parse(line) for line in lines if '/mark-' not in line]
        return [asked for asked in found if not path or asked.path == f'/{path}']


def is_installed() -> bool:
    """Whether there is an nginx to start."""
    return _program() is not None


@contextmanager
def running() -> Iterator[Nginx]:
    """Start a server and stop it afterwards; raises `RuntimeError` where it does not start."""
    home = Path(tempfile.mkdtemp(prefix='nginx-'))
    (home / 'files').mkdir()
    home.chmod(0o755)
    port = _free_port()
    user = ''
    if os.geteuid() == 0:
        account = pwd.getpwnam('nobody')
        for folder in (home, home / 'files'):
            os.chown(folder, account.pw_uid, account.pw_gid)
        user = 'user nobody nogroup;'
    (home / 'conf').write_text(_CONFIGURATION.format(home=home, port=port, user=user))
    server = subprocess.Popen(
        [str(_program()), '-p', str(home), '-c', str(home / 'conf'), '-e', str(home / 'errors')]
    )
    try:
        _wait(server, port, home)
        yield Nginx(home, port)
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home)


def _program() -> str | None:
    return shutil.which('nginx', path=f'{os.environ["PATH"]}:/usr/sbin')


def _parse(line: str) -> Asked:
    method, path, status, size, rest = line.split(' ', 4)
    asked = rest.split('"')[1]
    return Asked(method, path, int(status), int(size), '' if asked == '-' else asked)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + _STARTS_IN
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(f'http://127.0.0.1:{port}/up').close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError((home / 'errors').read_text())
