"""Images in JPEG 2000, and files that note what is read of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from osgeo import gdal

from django_large_image.sources import virtual
from django_large_image.sources.jpeg2000 import resolutions
from tests import factories

DRIVER = 'JP2OpenJPEG'
SIZE = 760, 600
# What GDAL has to be able to write.
OPTIONS = {'PLT': 'YES', 'TLM': 'YES'}


def picture(width: int = SIZE[0], height: int = SIZE[1], bands: int = 3) -> np.ndarray:
    """Return something like a photograph: structures of all sizes."""
    rng = np.random.default_rng(1)
    found = np.zeros((bands, height, width), 'float32')
    for cell in (200, 50, 12, 4, 1):
        noise = rng.normal(size=(bands, height // cell + 2, width // cell + 2)).astype('float32')
        for band in range(bands):
            scaled = cv2.resize(noise[band], (width, height), interpolation=cv2.INTER_CUBIC)
            found[band] += scaled * cell**0.5
    found -= found.min()
    return (found * (255 / found.max())).astype('uint8')


def write(path: Path, data: np.ndarray | None = None, **options: object) -> Path:
    """Write an image of one tile, unless the options have it otherwise."""
    driver = gdal.GetDriverByName(DRIVER)
    if driver is None or 'TLM' not in driver.GetMetadataItem('DMD_CREATIONOPTIONLIST'):
        pytest.skip(f'This GDAL has no driver {DRIVER}, or one that writes no tables.')
    data = picture() if data is None else data
    tile = {'BLOCKXSIZE': data.shape[2], 'BLOCKYSIZE': data.shape[1], 'QUALITY': 30}
    return factories.raster(path, data, driver=DRIVER, options={**tile, **options})


class Counted:
    """A file by ranges; those that were asked for, none of them twice."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)
        self.forget()

    def forget(self) -> None:
        self.requests = 0
        self._asked = np.zeros(self.size, bool)

    @property
    def bytes(self) -> int:
        return int(self._asked.sum())

    def asked(self, start: int, end: int) -> int:
        """Return how many bytes of a span were asked for."""
        return int(self._asked[start:end].sum())

    def read(self, spans):
        assert all(0 <= start <= end <= self.size for start, end in spans)
        for start, end in spans:
            self.requests += not self._asked[start:end].all()
            self._asked[start:end] = True
        return [self.content[start:end] for start, end in spans]


@contextmanager
def opened(file: Counted) -> Iterator[gdal.Dataset]:
    """Open a file as an image that is not on this machine."""

    def find(name: str) -> Counted:
        if name != 'image.jp2':
            raise FileNotFoundError(name)
        return file

    installed = virtual._open
    virtual.install(find)
    threads = gdal.GetThreadLocalConfigOption('GDAL_NUM_THREADS')
    gdal.SetThreadLocalConfigOption('GDAL_NUM_THREADS', '1')
    try:
        yield gdal.Open(virtual.PREFIX + 'image.jp2')
    finally:
        gdal.SetThreadLocalConfigOption('GDAL_NUM_THREADS', threads)
        virtual._open = installed
        virtual.failure()


def read(dataset: gdal.Dataset, level: int, box: tuple[int, ...] = ()) -> np.ndarray:
    """Return all bands of a level as this package reads them."""
    bands = [dataset.GetRasterBand(number + 1) for number in range(dataset.RasterCount)]
    bands = [band.GetOverview(level - 1) for band in bands] if level else bands
    if None in bands:
        raise RuntimeError('There is no such level.')
    with resolutions.reading(dataset, level):
        return np.array([band.ReadAsArray(*box) for band in bands])


def read_local(path: Path, level: int, box: tuple[int, ...] = ()) -> np.ndarray:
    """Return all bands of a level as GDAL reads them of a file."""
    return read(gdal.Open(str(path)), level, box)
