"""Web servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_large_image.sources.opening import close_sources
from django_large_image.storage import http
from tests.servers import http as misbehaving
from tests.servers import nginx as nginx_server


@pytest.fixture(scope='session')
def nginx() -> Iterator[nginx_server.Nginx]:
    """A real web server."""
    if not nginx_server.is_installed():
        pytest.skip('nginx is not installed (scripts/system.sh does it).')
    with nginx_server.running() as server:
        yield server


@pytest.fixture
def web() -> Iterator[misbehaving.Web]:
    """A web server with faults."""
    with misbehaving.running() as server:
        yield server
    http._idle.close()
    close_sources()
