"""What tests of IIIF services share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache as django_cache

from django_large_image import cache
from django_large_image.iiif import caches


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """A cache that nobody has asked yet, its counters at zero."""

    def forget() -> None:
        caches.flush()
        django_cache.clear()
        cache.generations.forget()

    forget()
    yield
    forget()
