"""Catalogues on each kind of database, and a client of their paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from django_large_image.catalog import schema
from tests.catalog import databases
from tests.servers import postgres


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    """No test knows the keys of another's catalogues."""
    schema.forget()
    yield
    schema.forget()


@pytest.fixture(scope='session')
def postgresql(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a PostgreSQL with the tables of catalogues."""
    if postgres.programs() is None:
        pytest.skip('PostgreSQL is not installed: scripts/system.sh says how.')
    with (
        django_db_blocker.unblock(),
        postgres.running() as port,
        databases.migrated(port) as connection,
    ):
        yield connection


@pytest.fixture(params=['sqlite', 'postgresql'])
def database(request: Any, db: None) -> Iterator[str]:
    """An empty database of each kind; the name of the kind."""
    if request.param == 'sqlite':
        yield request.param
        return
    with databases.default(request.getfixturevalue('postgresql')), databases.undone():
        yield request.param


@pytest.fixture
def roots(settings: Any, tmp_path: Path) -> Path:
    """A folder whose files catalogues may name."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path)]}
    return tmp_path
