"""Open GDAL datasets: opened under a whitelist, lent to one thread at a time, closed in the end."""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TypeVar

from osgeo import gdal

from django_large_image import metrics
from django_large_image.conf import settings
from django_large_image.exceptions import RefusedError, StyleError, UnreadableError
from django_large_image.sources import complaints, sidecars, virtual
from django_large_image.sources.claims import check_claims
from django_large_image.sources.filesystems import allowed_path, file_of, is_asked_by_gdal
from django_large_image.sources.provision import provide
from django_large_image.sources.reference import Options

logger = logging.getLogger(__name__)
T = TypeVar('T')

UNREADABLE = (
    'Unreadable image: the file is damaged, not a raster, or of a kind that is not allowed.'
)
# Others switch it off for the whole process: then what lies in `.aux.xml` is lost.
_WITH_SIDECARS: Options = (('GDAL_PAM_ENABLED', 'YES'),)

gdal.UseExceptions()
if int(gdal.VersionInfo()) < 3070000:
    # There `gdal.Warp` writes its errors by the handler that was in force before exceptions were.
    # Where others have asked `ogr` for exceptions since, that order cannot be changed any more.
    with suppress(RuntimeError):
        gdal.DontUseExceptions()
        gdal.SetErrorHandler('CPLQuietErrorHandler')
        gdal.UseExceptions()


def quiet() -> AbstractContextManager[None]:
    """Keep GDAL from writing to standard error in this thread; errors are raised all the same."""
    return complaints.told_to('CPLQuietErrorHandler')


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


@contextmanager
def reaching(path: str, options: Options = ()) -> Iterator[None]:
    """Keep GDAL quiet, and configured for a path, and hear what it says of one over the network:
    of that it asks for nothing beside it.
    """
    with quiet(), configured((*options, *_alone(path))), complaints.listening(path):
        yield


def _alone(path: str) -> Options:
    # Some drivers look for files beside an image whatever siblings they are told of, and open these
    # by any driver.
    if not is_asked_by_gdal(path):
        return ()
    return (
        ('GDAL_DISABLE_READDIR_ON_OPEN', 'EMPTY_DIR'),
        ('CPL_VSIL_CURL_ALLOWED_FILENAME', file_of(path)),
    )


def open_dataset(path: str, options: Options = ()) -> gdal.Dataset:
    """Return a read-only dataset of `path`, read by one of the drivers that the settings allow.

    `options` are GDAL's configuration that the path needs, as in `ImageReference`.
    Raises `UnreadableError` for what is missing, broken, not a raster or of another driver, and for
    what lies where the settings do not allow; `RefusedError` for a file that names another one.
    """
    provide(file_of(path))
    return open_allowed(allowed_path(path), options)


def open_allowed(path: str, options: Options = ()) -> gdal.Dataset:
    """Return what `open_dataset` does for a path as `allowed_path` returns it."""
    gdal.UseExceptions()
    virtual.failure()
    file = file_of(path)
    siblings = sidecars.siblings(file)
    drivers = sidecars.heedful_drivers(file, siblings)
    with reaching(path, (*_WITH_SIDECARS, *options)):
        try:
            complaints.check_header(path)
            if file == path:
                check_claims(path)
            dataset = gdal.OpenEx(
                path,
                gdal.OF_RASTER | gdal.OF_READONLY,
                # GDAL would take an empty list for that of all drivers.
                allowed_drivers=drivers or ['none'],
                sibling_files=siblings,
            )
            # Metadata is read when it is asked for, and may be where the damage is.
            redirected = dataset is not None and sidecars.is_redirected(dataset)
        except (RuntimeError, TypeError, ValueError) as error:
            complaints.check()
            logger.info('GDAL could not open %s: %s', path, error)
            dataset = None
        if dataset is None and len(drivers) < len(settings.DRIVERS):
            raise RefusedError('Unreadable image: a file beside it, or in it, is not allowed.')
        if dataset is None:
            raise virtual.failure() or UnreadableError(UNREADABLE)
        if redirected:
            logger.warning('%s names another file as its overviews: refused', path)
            raise RefusedError('Unreadable image: it refers to another file.')
    return dataset


class HandlePool:
    """Lends datasets of one path, so that threads never share one nor wait for each other."""

    def __init__(self, path: str, first: gdal.Dataset | None = None, options: Options = ()) -> None:
        self.path, self.options = path, options
        self._is_local = not file_of(path).startswith('/vsi')
        # When a handle was given back last, to tell the pools that are in use.
        self.used = 0
        # With what each was opened. A deque's append and pop are atomic.
        self._free: deque[tuple[gdal.Dataset, Options]] = deque()
        with _pools_guard:
            _pools.add(self)
        if first is not None:
            _make_room(first)
            self._free.append((first, options))
            self.used = next(_moments)

    @contextmanager
    def borrow(self) -> Iterator[gdal.Dataset]:
        """Lend a dataset for the block; one in which reading failed is closed, not lent again.

        Raises `UnreadableError` where GDAL fails.
        """
        options = self.options
        dataset = self._reuse(options)
        if dataset is None:
            dataset = open_dataset(self.path, options)
            _make_room(dataset)
        virtual.failure()
        try:
            with self._reading(options):
                yield dataset
        except RuntimeError as error:
            logger.info('GDAL could not read %s: %s', self.path, error)
            unreadable = UnreadableError('Unreadable image: its pixels could not be read.')
            raise virtual.failure() or unreadable from error
        else:
            if len(self._free) < settings.HANDLES_PER_SOURCE:
                self.used = next(_moments)
                self._free.append((dataset, options))

    def _reading(self, options: Options) -> AbstractContextManager[None]:
        # Of a local file there is nothing to configure or to hear, and this is done for each tile.
        return quiet() if self._is_local and not options else reaching(self.path, options)

    @property
    def idle(self) -> int:
        """How many handles wait to be lent."""
        return len(self._free)

    def drop(self) -> tuple[gdal.Dataset, Options] | None:
        """Give up the handle that waits longest to be lent; None where none does."""
        try:
            return self._free.popleft()
        except IndexError:
            return None

    def _reuse(self, options: Options) -> gdal.Dataset | None:
        """Return a dataset that is free; those opened with other options are closed: they would
        ask where, and for the version, that those name.
        """
        try:
            while True:
                dataset, opened_with = self._free.pop()
                if opened_with == options:
                    return dataset
        except IndexError:
            return None


_pools: weakref.WeakSet[HandlePool] = weakref.WeakSet()
# All handles of pools, lent and idle.
_handles: weakref.WeakSet[gdal.Dataset] = weakref.WeakSet()
_pools_guard = threading.Lock()
_moments = itertools.count(1)


def _all_pools() -> list[HandlePool]:
    with _pools_guard:
        return list(_pools)


def idle_handles() -> int:
    """Return how many handles are open and lent to no thread."""
    return sum(pool.idle for pool in _all_pools())


def _make_room(dataset: gdal.Dataset) -> None:
    """Close idle handles for a new one, those of the pools used longest ago first."""
    with _pools_guard:
        _handles.add(dataset)
        excess = len(_handles) - settings.MAX_HANDLES
    if excess > 0:
        for pool in sorted(_all_pools(), key=lambda pool: pool.used):
            while excess > 0 and pool.drop() is not None:
                excess -= 1


def once(
    known: MutableMapping[HandlePool, T], pool: HandlePool, find: Callable[[], T], other: T
) -> T:
    """Return what is known of a pool's frame, found once for as long as it is open: `other` where
    that is damaged, as its pixels may not need it.
    """
    try:
        return known[pool]
    except KeyError:
        pass
    try:
        found = find()
    except UnreadableError:
        found = other
    known[pool] = found
    return found


metrics.gauge('large_image_idle_handles', 'Handles that wait to be lent.', idle_handles)


class FramePools:
    """The handles of each frame of a file; those of the frames used last stay open."""

    def __init__(self, paths: Sequence[str], first: gdal.Dataset, options: Options = ()) -> None:
        self._paths, self._options = paths, options
        self._guard = threading.Lock()
        self._pools = OrderedDict({0: HandlePool(paths[0], first, options)})

    def renew(self, options: Options) -> None:
        """Use other options from now on; handles opened with others are closed."""
        with self._guard:
            self._options = options
            for pool in self._pools.values():
                pool.options = options

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
            pool = self._pools.get(frame or 0)
            if pool is None:
                self._pools[frame or 0] = pool = HandlePool(path, None, self._options)
            self._pools.move_to_end(frame or 0)
            while len(self._pools) > max(1, settings.HANDLES_PER_SOURCE):
                self._pools.popitem(last=False)
        return pool
