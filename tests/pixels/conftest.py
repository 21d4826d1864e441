"""The pixel floor knows no Django, and its tests run without settings as well."""

from __future__ import annotations

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def media_root() -> None:
    """Stand in for the fixture that wants Django's settings."""


@pytest.fixture(autouse=True, scope='session')
def tile_cache() -> None:
    """Without settings large-image has to keep its tiles elsewhere than in Django's cache."""
    if not settings.configured:
        from large_image.config import setConfig

        setConfig('cache_backend', 'python')
