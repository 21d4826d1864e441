"""The project of the documentation, with two images in it: 1 on a map, 2 without coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """A place for what is uploaded and cached, and two rasters."""
    from tests import factories

    settings.MEDIA_ROOT = tmp_path / 'media'
    settings.CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'CACHE_NAME': 'default'}
    bounds = (400000, 4400000, 415360, 4411520)
    factories.raster(tmp_path / 'map.tif', epsg=32612, bounds=bounds)
    factories.raster(tmp_path / 'plain.tif')
    return tmp_path


@pytest.fixture
def images(db: None, folder: Path) -> list[Any]:
    """The two rows."""
    from django.core.files import File
    from gallery.models import Image

    found = []
    for name in ('map.tif', 'plain.tif'):
        image = Image(name=name)
        with (folder / name).open('rb') as content:
            image.file.save(name, File(content))
        found.append(image)
    return found
