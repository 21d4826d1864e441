"""The table of settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_large_image.conf import Settings, read_settings
from django_large_image.conf import settings as current


def test_defaults() -> None:
    assert current.current() == Settings()
    assert current.TILE_SIZE == 256


def test_values_of_the_project_win_and_are_read_again(settings: Any) -> None:
    before = current.fingerprint()
    settings.LARGE_IMAGE = {'QUALITY': 70, 'DRIVERS': ['GTiff']}
    assert current.QUALITY == 70
    assert current.DRIVERS == ('GTiff',)
    assert current.fingerprint() != before
    settings.LARGE_IMAGE = {}
    assert current.QUALITY == 85
    assert current.fingerprint() == before


def test_the_cache_name_of_0_10(settings: Any) -> None:
    settings.LARGE_IMAGE_CACHE_NAME = 'tiles'
    assert current.CACHE_NAME == 'tiles'
    settings.LARGE_IMAGE = {'CACHE_NAME': 'images'}
    assert current.CACHE_NAME == 'images'


@pytest.mark.parametrize(
    ('given', 'says'),
    [
        ({'QUALTY': 70}, "Did you mean 'QUALITY'"),
        ({'WHATEVER': 1}, 'Known keys: DRIVERS'),
        ({'QUALITY': 'high'}, 'a whole number'),
        ({'QUALITY': True}, 'a whole number'),
        ({'QUALITY': -1}, 'a whole number'),
        ({'AUTO_SET': 1}, 'True or False'),
        ({'DRIVERS': 'GTiff'}, 'a list of strings'),
        ({'SOURCES': [1]}, 'a list of strings'),
        ({'CESIUM_URL': None}, 'a string'),
    ],
)
def test_mistakes_are_loud(given: dict[str, Any], says: str, settings: Any) -> None:
    settings.LARGE_IMAGE = given
    with pytest.raises(ImproperlyConfigured, match=says):
        read_settings()
