"""A PostgreSQL with PostGIS of the tests' own: on a free port, as an unprivileged user, in a
temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATABASE = 'postgres'
USER = 'tests'
# Nothing has to survive.
_OPTIONS = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'unix_socket_directories=',
    'listen_addresses=127.0.0.1',
    'max_connections=40',
    'shared_buffers=32MB',
]
_STARTS_IN = 60


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that has PostGIS's rasters; None without one."""
    for folder in sorted(
        Path('/usr/lib/postgresql').glob('*/bin'), key=lambda path: -float(path.parent.name)
    ):
        extensions = Path('/usr/share/postgresql') / folder.parent.name / 'extension'
        if (folder / 'initdb').exists() and (extensions / 'postgis_raster.control').exists():
            return folder
    return None


@contextmanager
def running() -> Iterator[int]:
    """Start a server and yield its port; stop it and remove its data afterwards.

    Raises `RuntimeError` with the server's log where it does not start.
    """
    folder = programs()
    if folder is None:
        raise RuntimeError('There is no PostgreSQL with PostGIS.')
    home = Path(tempfile.mkdtemp(prefix='postgres-'))
    user = _give(home)
    try:
        initdb = [folder / 'initdb', '--no-locale', '--encoding=UTF8', '--auth=trust', '--no-sync']
        _run([*initdb, f'--username={USER}', home / 'data'], user)
        port = _free_port()
        options = [part for option in _OPTIONS for part in ('-c', option)]
        command = [folder / 'postgres', '-D', home / 'data', '-p', str(port), *options]
        with (home / 'log').open('wb') as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd='/', **user)
        try:
            _wait(server, port, home / 'log')
            yield port
        finally:
            # At once, whoever is connected.
            server.send_signal(3)
            server.wait()
    finally:
        shutil.rmtree(home)


def settings_of(port: int, engine: str = 'django.db.backends.postgresql') -> dict[str, object]:
    """Return what Django's `DATABASES` says of a server that runs."""
    return {
        'ENGINE': engine,
        'NAME': DATABASE,
        'USER': USER,
        'HOST': '127.0.0.1',
        'PORT': port,
    }


def _give(home: Path) -> dict[str, object]:
    """Return how to run as the user who owns the data: not root, PostgreSQL refuses it."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam('postgres')
    os.chown(home, account.pw_uid, account.pw_gid)
    return {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []}


def _run(command: list[object], user: dict[str, object]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd='/', check=False, **user
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode())


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg

    until = time.monotonic() + _STARTS_IN
    while True:
        try:
            psycopg.connect(host='127.0.0.1', port=port, user=USER, dbname=DATABASE).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(log.read_text()) from None
        else:
            return
