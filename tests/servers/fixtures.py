"""The servers of the tests, each started once, when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from tests.servers import azure as azure_server
from tests.servers import databases, postgres
from tests.servers import nginx as nginx_server
from tests.servers.azure import AzureServer
from tests.servers.door import Door, Proxy
from tests.servers.gcs import GCSServer
from tests.servers.nginx import Nginx
from tests.servers.s3 import S3Server

D = TypeVar('D', bound=Door)


def _open(server: D) -> Iterator[D]:
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope='session')
def nginx() -> Iterator[Nginx]:
    """A real web server."""
    if not nginx_server.is_installed():
        pytest.skip('nginx is not installed (scripts/system.sh does it).')
    with nginx_server.running() as server:
        yield server


class Website(Proxy):
    """The door before nginx."""

    def __init__(self, nginx: Nginx) -> None:
        super().__init__(behind=urlsplit(nginx.url).port or 80)
        self.put = nginx.put


@pytest.fixture(scope='session')
def website(nginx: Nginx) -> Iterator[Website]:
    """A real web server that can be told to misbehave."""
    yield from _open(Website(nginx))


@pytest.fixture(scope='session')
def s3_server() -> Iterator[S3Server]:
    """S3, and what speaks like it."""
    yield from _open(S3Server())


@pytest.fixture(scope='session')
def gcs() -> Iterator[GCSServer]:
    """Google's cloud storage."""
    yield from _open(GCSServer())


@pytest.fixture(scope='session')
def azure() -> Iterator[AzureServer]:
    """Azure's blobs."""
    if not azure_server.is_installed():
        pytest.skip('Azurite is not installed (scripts/node.sh test does it).')
    with azure_server.running() as server:
        yield server


@pytest.fixture(scope='session')
def postgresql(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a PostgreSQL with the tables of this package."""
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
