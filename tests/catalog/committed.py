"""Databases where what is written is written for all: other threads and connections see it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from django_large_image.catalog.models import Catalog
from tests.servers.databases import ALIAS, default

TABLE = 'large_image_catalog_dataset'
# Seconds after which something is wrong.
PATIENCE = 30.0


class Committed:
    """The default database of all threads, and what others do to it."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @property
    def vendor(self) -> str:
        """The kind of the database."""
        return str(self.connection.vendor)

    @contextmanager
    def written(self, how: str = 'IMMEDIATE') -> Iterator[None]:
        """Let somebody else have written to all datasets, in a transaction that is not over.

        In SQLite he may also be about to commit: `EXCLUSIVE`, so that nobody reads.
        """
        with closing(self.connect()) as other:
            if self.vendor == 'sqlite':
                other.execute(f'BEGIN {how}')
                self._wait(0.05)
            else:
                # Who waits for it all the same does not wait for ever.
                other.execute(f"SET idle_in_transaction_session_timeout = '{PATIENCE:.0f}s'")
                other.execute(f'UPDATE {TABLE} SET name = name')
            try:
                yield
            finally:
                other.rollback()
                if self.vendor == 'sqlite':
                    self._wait(PATIENCE)

    def connect(self, patience: float = PATIENCE) -> Any:
        """Return a connection of somebody else's, who waits for so many seconds in SQLite."""
        if self.vendor == 'sqlite':
            name = self.connection.settings_dict['NAME']
            return sqlite3.connect(name, timeout=patience, isolation_level=None)
        import psycopg

        said = self.connection.settings_dict
        return psycopg.connect(
            host=said['HOST'], port=said['PORT'], user=said['USER'], dbname=said['NAME']
        )

    def _wait(self, seconds: float) -> None:
        """Let us wait so long for others, in this thread and on new connections."""
        self.connection.settings_dict['OPTIONS']['timeout'] = seconds
        self.connection.cursor().execute(f'PRAGMA busy_timeout = {1000 * seconds:.0f}')


def together(*works: Callable[[], Any]) -> list[Any]:
    """Return what works do that begin at once, each in a thread with connections of its own."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@contextmanager
def _everywhere(settings: dict[str, Any]) -> Iterator[Committed]:
    """Let all threads use a database in place of the default one."""
    usual = connections.settings[ALIAS]
    connections.settings[ALIAS] = connections.configure_settings({ALIAS: settings})[ALIAS]
    connection = connections.create_connection(ALIAS)
    try:
        with default(connection):
            yield Committed(connection)
    finally:
        connection.close()
        connections.settings[ALIAS] = usual


@contextmanager
def sqlite_file(folder: Path) -> Iterator[Committed]:
    """Use an empty SQLite in a file."""
    file = {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': str(folder / 'db.sqlite3'),
        'OPTIONS': {'timeout': PATIENCE},
    }
    with _everywhere(file) as made:
        call_command('migrate', 'large_image_catalog', verbosity=0)
        yield made


@contextmanager
def postgresql_of(connection: Any) -> Iterator[Committed]:
    """Use a PostgreSQL, and leave it empty."""
    with _everywhere(dict(connection.settings_dict)) as made:
        try:
            yield made
        finally:
            Catalog.objects.all().delete()


@pytest.fixture(params=['sqlite', 'postgresql'])
def committed(request: Any, db: None, tmp_path: Path) -> Iterator[Committed]:
    """An empty database of each kind."""
    if request.param == 'sqlite':
        with sqlite_file(tmp_path) as made:
            yield made
    else:
        with postgresql_of(request.getfixturevalue('postgresql')) as made:
            yield made


@pytest.fixture
def in_file(db: None, tmp_path: Path) -> Iterator[Committed]:
    """An empty SQLite in a file."""
    with sqlite_file(tmp_path) as made:
        yield made
