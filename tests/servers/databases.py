"""Databases that the same tests run on: SQLite, and a PostgreSQL of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction

from tests.servers import postgres

ALIAS = 'default'
APPS = ('large_image_catalog', 'large_image_depth')


@contextmanager
def migrated(port: int) -> Iterator[Any]:
    """Connect to a PostgreSQL and make the tables of this package by their migrations."""
    said = postgres.settings_of(port)
    configured = connections.configure_settings({'default': {}, 'postgresql': said})
    backend = connections.create_connection  # by the settings of an alias
    connections.settings['postgresql'] = configured['postgresql']
    connection = backend('postgresql')
    connection.alias = ALIAS
    del connections.settings['postgresql']
    try:
        with default(connection):
            for app in APPS:
                call_command('migrate', app, verbosity=0)
        yield connection
    finally:
        connection.close()


@contextmanager
def default(connection: Any) -> Iterator[None]:
    """Let everything in the block use a connection in place of the default one."""
    usual = connections[ALIAS]
    connections[ALIAS] = connection
    try:
        yield
    finally:
        connections[ALIAS] = usual


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block does to the default database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
