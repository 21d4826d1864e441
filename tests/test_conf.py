"""The table of settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import ENVIRONMENT_VARIABLE
from django.core.exceptions import ImproperlyConfigured

from django_large_image.conf import Settings, read_settings
from django_large_image.conf import settings as current
from tests import factories


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


@pytest.mark.parametrize('given', [2, 1.5])
def test_a_number_may_be_whole(given: float, settings: Any) -> None:
    settings.LARGE_IMAGE = {'IIIF_MAX_SCALE': given}
    assert given == current.IIIF_MAX_SCALE


def test_a_folder_may_be_a_path(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [tmp_path, '/srv'], 'COPIES_DIR': tmp_path}
    assert (str(tmp_path), '/srv') == current.CATALOG_ROOTS
    assert str(tmp_path) == current.COPIES_DIR


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
        ({'QUALITY': 101}, '1 to 100'),
        ({'TILE_SIZE': 0}, '16 to 4096'),
        ({'MAX_BANDS': 0}, '1 or more'),
        ({'AUTO_SET': 1}, 'True or False'),
        (None, 'a dictionary'),
        (['QUALITY'], 'a dictionary'),
        ({'DRIVERS': 'GTiff'}, 'a list of strings'),
        ({'SOURCES': [1]}, 'a list of strings'),
        ({'CESIUM_URL': None}, 'a string'),
        ({'IIIF_MAX_SCALE': '2'}, 'a number, 0 or more'),
        ({'IIIF_MAX_SCALE': True}, 'a number, 0 or more'),
        ({'IIIF_MAX_SCALE': -0.5}, 'a number, 0 or more'),
        ({'IIIF_MAX_SCALE': float('nan')}, 'a number, 0 or more'),
        ({'IIIF_MAX_SCALE': float('inf')}, 'a number, 0 or more'),
    ],
)
def test_mistakes_are_loud(given: dict[str, Any], says: str, settings: Any) -> None:
    settings.LARGE_IMAGE = given
    with pytest.raises(ImproperlyConfigured, match=says):
        read_settings()


def test_without_django_the_defaults_hold(tmp_path: Path) -> None:
    """A script that opens images through large-image's plugin has no Django settings."""
    path = factories.raster(tmp_path / 'a.tif', epsg=4326, bounds=(0, 0, 1, 1))
    code = (
        'import large_image, sys;'
        'source = large_image.open(sys.argv[1], encoding="PNG");'
        'print(type(source).__name__, source.sizeX, len(source.getTile(0, 0, 0)) > 100)'
    )
    environment = {key: value for key, value in os.environ.items() if key != ENVIRONMENT_VARIABLE}
    printed = subprocess.run(
        [sys.executable, '-c', code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert printed.stdout.split() == ['RasterTileSource', '256', 'True']
