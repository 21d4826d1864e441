"""Web servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_large_image.sources import decoded
from django_large_image.sources.opening import close_sources
from django_large_image.storage import http
from django_large_image.storage.versions import _versions
from tests.servers import http as misbehaving


@pytest.fixture
def web() -> Iterator[misbehaving.Web]:
    """A web server with faults."""
    with misbehaving.running() as server:
        yield server
    # The server of a later test may have its port.
    http._idle.close()
    close_sources()
    decoded._kept.reset()
    _versions.reset()
