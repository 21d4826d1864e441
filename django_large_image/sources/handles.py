"""Open GDAL datasets: opened under a whitelist, lent to one thread at a time, closed in the end."""

from __future__ import annotations

import logging
import re
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from osgeo import gdal

from django_large_image import metrics
from django_large_image.conf import settings
from django_large_image.exceptions import StyleError, UnreadableError
from django_large_image.sources import sidecars
from django_large_image.sources.reference import Options

logger = logging.getLogger(__name__)

UNREADABLE = (
    'Unreadable image: the file is damaged, not a raster, or of a kind that is not allowed.'
)
# GTIFF_DIR:2:PATH, GTIFF_DIR:off:8:PATH or HDF5:"PATH"://name
_SUBDATASET = re.compile(r'\w+:(?:(?:off:)?\d+:(?P<page>.+)|"(?P<container>[^"]+)":.*)', re.DOTALL)


gdal.UseExceptions()
if int(gdal.VersionInfo()) < 3070000:
    # There `gdal.Warp` writes its errors by the handler that was in force before exceptions were.
    gdal.DontUseExceptions()
    gdal.SetErrorHandler('CPLQuietErrorHandler')
    gdal.UseExceptions()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep GDAL from writing to standard error in this thread; errors are raised all the same."""
    # Twice: `gdal.Warp` of some versions hands what it collected to the handler before the last.
    gdal.PushErrorHandler('CPLQuietErrorHandler')
    gdal.PushErrorHandler('CPLQuietErrorHandler')
    try:
        yield
    finally:
        gdal.PopErrorHandler()
        gdal.PopErrorHandler()


@contextmanager
def configured(options: Options) -> Iterator[None]:
    """Set GDAL's configuration for what this thread does in the block."""
    before = [(name, gdal.GetThreadLocalConfigOption(name)) for name, _ in options]
    for name, value in options:
        gdal.SetThreadLocalConfigOption(name, value)
    try:
        yield
    finally:
        for name, former in before:
            gdal.SetThreadLocalConfigOption(name, former)


def open_dataset(path: str, options: Options = ()) -> gdal.Dataset:
    """Return a read-only dataset of `path`, read by one of the drivers that the settings allow.

    `options` are GDAL's configuration that the path needs, as in `ImageReference`.
    Raises `UnreadableError` for what is missing, broken, not a raster or of another driver, and for
    a file that names another one.
    """
    gdal.UseExceptions()
    with quiet(), configured(options):
        try:
            dataset = gdal.OpenEx(
                path,
                gdal.OF_RASTER | gdal.OF_READONLY,
                allowed_drivers=list(settings.DRIVERS),
                sibling_files=sidecars.siblings(file_of(path)),
            )
            # Metadata is read when it is asked for, and may be where the damage is.
            redirected = dataset is not None and sidecars.is_redirected(dataset)
        except (RuntimeError, TypeError, ValueError) as error:
            logger.info('GDAL could not open %s: %s', path, error)
            dataset = None
        if dataset is None:
            raise UnreadableError(UNREADABLE)
        if redirected:
            logger.warning('%s names another file as its overviews: refused', path)
            raise UnreadableError('Unreadable image: it refers to another file.')
    return dataset


def file_of(path: str) -> str:
    """Return the file in which a subdataset lies; any other path as it is."""
    match = _SUBDATASET.fullmatch(path)
    return (match['page'] or match['container']) if match else path


class HandlePool:
    """Lends datasets of one path, so that threads never share one nor wait for each other."""

    def __init__(self, path: str, first: gdal.Dataset | None = None, options: Options = ()) -> None:
        self.path, self._options = path, options
        # A deque's append and pop are atomic.
        self._free: deque[gdal.Dataset] = deque([first] if first is not None else [])
        with _pools_guard:
            _pools.add(self)

    @contextmanager
    def borrow(self) -> Iterator[gdal.Dataset]:
        """Lend a dataset for the block; one in which reading failed is closed, not lent again.

        Raises `UnreadableError` where GDAL fails.
        """
        try:
            dataset = self._free.pop()
        except IndexError:
            dataset = open_dataset(self.path, self._options)
        try:
            with quiet(), configured(self._options):
                yield dataset
        except RuntimeError as error:
            logger.info('GDAL could not read %s: %s', self.path, error)
            raise UnreadableError('Unreadable image: its pixels could not be read.') from error
        else:
            if len(self._free) < settings.HANDLES_PER_SOURCE:
                self._free.append(dataset)


_pools: weakref.WeakSet[HandlePool] = weakref.WeakSet()
_pools_guard = threading.Lock()


def idle_handles() -> int:
    """Return how many handles are open and lent to no thread."""
    with _pools_guard:
        pools = list(_pools)
    return sum(len(pool._free) for pool in pools)


metrics.gauge('large_image_idle_handles', 'Handles that wait to be lent.', idle_handles)


class FramePools:
    """The handles of each frame of a file; those of the frames used last stay open."""

    def __init__(self, paths: Sequence[str], first: gdal.Dataset, options: Options = ()) -> None:
        self._paths, self._options = paths, options
        self._guard = threading.Lock()
        self._pools = OrderedDict({0: HandlePool(paths[0], first, options)})

    def __len__(self) -> int:
        return len(self._paths)

    def path(self, frame: int | None) -> str:
        """Return what GDAL opens for a frame; raises `StyleError` where there is no such frame."""
        if not 0 <= (frame or 0) < len(self._paths):
            raise StyleError(
                f'There is no frame {frame}: this image has frames 0 to {len(self._paths) - 1}.'
            )
        return self._paths[frame or 0]

    def get(self, frame: int | None) -> HandlePool:
        """Return the handles of a frame; raises `StyleError` where there is no such frame."""
        path = self.path(frame)
        with self._guard:
            pool = self._pools.setdefault(frame or 0, HandlePool(path, None, self._options))
            self._pools.move_to_end(frame or 0)
            while len(self._pools) > max(1, settings.HANDLES_PER_SOURCE):
                self._pools.popitem(last=False)
        return pool
