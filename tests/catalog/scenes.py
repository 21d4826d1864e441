"""A catalogue of scenes whose pixels are those of tiles of the web map, and their addresses."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from django.urls import include, path
from PIL import Image

from django_large_image.catalog import api
from django_large_image.sources.tile_matrix import get_tile_matrix
from tests import factories

urlpatterns = [path('catalog/', include('django_large_image.catalog.urls'))]

Z, X, Y = 10, 530, 360
SIZE = 256
NODATA = 0
ROOT = '/catalog/scenes'
TILE = f'{Z}/{X}/{Y}.png'


def bounds(x: int = X, y: int = Y, tiles: int = 1) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of so many tiles from one on."""
    matrix = get_tile_matrix('EPSG:3857')
    left, _, _, top = matrix.bounds(Z, x, y)
    _, bottom, right, _ = matrix.bounds(Z, x + tiles - 1, y + tiles - 1)
    return left, bottom, right, top


def samples(seed: int, dtype: str = 'uint16', high: int = 60_000) -> np.ndarray:
    """Return noise with a corner of nodata."""
    values = np.random.default_rng(seed).integers(1, high, (SIZE, SIZE)).astype(dtype)
    values[:40, :40] = NODATA
    return values


def write(file: Path, data: np.ndarray, x: int = X, y: int = Y, **options: Any) -> Path:
    """Write pixels of a tile, or of several side by side, as a raster of the web map."""
    tiles = data.shape[-1] // SIZE
    file.parent.mkdir(parents=True, exist_ok=True)
    options = {'nodata': NODATA, 'epsg': 3857, 'bounds': bounds(x, y, tiles), **options}
    return factories.raster(file, data, **options)


def make(
    folder: Path,
    scenes: dict[tuple[str, ...], Any],
    keys: tuple[str, ...] = (),
    slug: str = 'scenes',
) -> None:
    """Make a catalogue of arrays, or of arrays with the column of their tile, by values of keys."""
    api.create(slug, keys or ('sensor', 'date:date', 'band'))
    for number, (values, scene) in enumerate(scenes.items()):
        data, x = scene if isinstance(scene, tuple) else (scene, X)
        name = f'{slug}-{number}.tif'
        write(folder / name, data, x)
        api.insert(slug, list(values), name)


def picture(response: Any) -> np.ndarray:
    """Return the RGBA pixels of an answer that has to be a PNG."""
    assert response.status_code == 200, response.content
    assert response['Content-Type'] == 'image/png'
    return np.asarray(Image.open(io.BytesIO(response.content)).convert('RGBA'))


def steps(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the steps that a stretch has to be on."""
    scaled = 1 + (values.astype(np.float64) - low) * 254 / (high - low)
    return np.clip(np.rint(scaled), 1, 255).astype(np.uint8)
