"""Web servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_large_image.sources.opening import close_sources
from django_large_image.storage import http
from tests.servers import http as misbehaving


@pytest.fixture
def web() -> Iterator[misbehaving.Web]:
    """A web server with faults."""
    with misbehaving.running() as server:
        yield server
    http._idle.close()
    close_sources()
