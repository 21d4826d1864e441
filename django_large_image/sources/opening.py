"""Image references in, tile sources out: what opens a file, and the sources that stay open."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from large_image import tilesource
from large_image.constants import SourcePriority
from large_image.exceptions import TileGeneralError
from large_image.tilesource import FileTileSource
from osgeo import gdal

from django_large_image import metrics
from django_large_image.cache import SingleFlight
from django_large_image.conf import settings
from django_large_image.exceptions import (
    LargeImageError,
    ParameterError,
    ProjectionError,
    RefusedError,
    UnreadableError,
)
from django_large_image.sources import remote, sidecars, virtual
from django_large_image.sources.claims import TIFF_MAGIC, check_claims
from django_large_image.sources.filesystems import MISSING, is_remote, local_path
from django_large_image.sources.foreign import ForeignReader, is_styled
from django_large_image.sources.handles import UNREADABLE, quiet
from django_large_image.sources.layout import check_blocks
from django_large_image.sources.provision import provide
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.tile_matrix import normalize_projection

logger = logging.getLogger(__name__)

Reader = RasterTileSource | ForeignReader

# What a library may execute, or follow to other files: PostScript, PDF, SVG and other XML, JSON.
_ACTIVE = (b'%!', b'\xc5\xd0\xd3\xc6', b'%PDF', b'<', b'{')
# What this package's own source reads best, under the names that settings know it by.
_OWN_SUFFIXES = {'tif', 'tiff', 'jp2', 'png', 'jpg', 'jpeg', 'webp', 'gif', 'bmp'}
_OWN_NAMES = {'raster', 'gdal'}
# Others than this package's own take seconds for the directories of so many frames.
MAX_FRAMES = 4096
# What the files begin with that a library reads by themselves; in others OpenSlide follows names.
_SINGLE = {'openslide': TIFF_MAGIC, 'openslidefile': TIFF_MAGIC}
# Those that read blocks into buffers as large as the tags say.
_TIFF_READERS = {'tiff', 'ometiff'}
_BLANK = b' \t\r\n\0\xef\xbb\xbf\xfe\xff'


def available_sources() -> dict[str, type[FileTileSource]]:
    """Return the installed tile sources that the settings allow, by name; `gdal` is this package's
    own reader.
    """
    if not tilesource.AvailableTileSources:
        tilesource.loadTileSources()
    installed = {**tilesource.AvailableTileSources, 'raster': RasterTileSource}
    allowed = {name: installed[name] for name in settings.SOURCES if name in installed}
    if 'gdal' in allowed:
        allowed['gdal'] = RasterTileSource
    return allowed


def open_source(
    reference: ImageReference,
    *,
    projection: str | None = None,
    source: str | None = None,
    style: str | dict[str, Any] | None = None,
    encoding: str = 'PNG',
) -> FileTileSource:
    """Return a tile source of an image, opened once per version and kept.

    Raises `ParameterError` for an unknown source or projection, `UnreadableError` for a file that
    none can read.
    """
    if source and source not in available_sources():
        known = ', '.join(available_sources())
        raise ParameterError(f'Unknown source {source!r}: use one of {known}.')
    code = normalize_projection(projection) if projection else None
    text = json.dumps(style, sort_keys=True) if isinstance(style, dict) else style or '{}'
    if text != '{}' or encoding != 'PNG':
        return _open(reference, code, source, style=text, encoding=encoding)
    return _sources.get(reference, code, source)


def reader_of(source: FileTileSource) -> Reader:
    """Return the reading methods of a tile source, whichever its class."""
    if isinstance(source, RasterTileSource) and not is_styled(source):
        return source
    reader: ForeignReader | None = getattr(source, '_django_large_image_reader', None)
    if reader is None:
        reader = ForeignReader(source)
        source._django_large_image_reader = reader
    return reader


def _open(
    reference: ImageReference, projection: str | None, name: str | None, **options: Any
) -> FileTileSource:
    provide(reference.path)
    if name:
        return _construct(available_sources()[name], reference, projection, options)
    for candidate in _candidates(reference.path):
        own = candidate is RasterTileSource
        try:
            found = _construct(candidate, reference, projection if own else None, options)
        except RefusedError:
            # Nor may another library open it.
            raise
        except UnreadableError:
            continue
        if projection and not own:
            raise ProjectionError('This image has no place on the map: leave `projection` out.')
        return found
    raise UnreadableError(UNREADABLE)


def _candidates(path: str) -> Iterator[type[FileTileSource]]:
    """Yield the sources that may read a file, likeliest first by its suffix.

    This package's own comes first, but for suffixes that another source is made for: slides.
    """
    if is_remote(path):
        # The others read local files.
        yield RasterTileSource
        return
    suffix = os.path.splitext(path)[1].lstrip('.').lower()
    own = suffix in _OWN_SUFFIXES and bool(_OWN_NAMES & set(settings.SOURCES))
    if own:
        yield RasterTileSource
    # Loading the others takes a second and some 20 MB: not before it is needed.
    ranked = {}
    for source in available_sources().values():
        claimed = source.extensions.get(suffix, SourcePriority.MANUAL)
        priority = min(source.extensions.get(None, SourcePriority.MANUAL), claimed)
        if priority < SourcePriority.MANUAL and not (own and source is RasterTileSource):
            made_for = claimed <= SourcePriority.MEDIUM
            ranked[source] = (priority, not made_for, source is not RasterTileSource)
    yield from sorted(ranked, key=lambda source: ranked[source])


def _construct(
    source: type[FileTileSource],
    reference: ImageReference,
    projection: str | None,
    options: dict[str, Any],
) -> FileTileSource:
    # Our cache knows versions; large-image's would serve a replaced file from its old handle.
    options = {'noCache': True, 'encoding': 'PNG', **options}
    if issubclass(source, RasterTileSource) or getattr(source, '_geospatial_source', False):
        options['projection'] = projection
        if issubclass(source, RasterTileSource):
            options['options'] = remote.identified(reference)
        options.setdefault('style', '{}')
    elif projection:
        raise ParameterError('This source does not know projections.')
    elif options.get('style') == '{}':
        options['style'] = None
    path = reference.path
    if not issubclass(source, RasterTileSource):
        path = local_path(path)
        _refuse_redirections(path, source)
        _forget_tags()
    try:
        return _holding(_without_cycle(source(path, **options)), reference)
    except TileGeneralError as error:
        if isinstance(error.__cause__, LargeImageError):
            raise error.__cause__ from None
        logger.info('%s could not open %s: %s', source.__name__, reference.path, error)
    except Exception as error:  # noqa: BLE001 - a broken file may fail anywhere in any parser
        logger.info('%s failed on %s: %r', source.__name__, reference.path, error)
    raise virtual.failure() or UnreadableError(UNREADABLE)


def _without_cycle(source: FileTileSource) -> FileTileSource:
    """Loosen what large-image's notebook helper holds of its source.

    The files of a source that nobody uses would stay open until the garbage collector comes by.
    """
    helper = getattr(source, '_map', None)
    if helper is not None:
        helper._ts = weakref.proxy(source)
    return source


def _holding(source: FileTileSource, reference: ImageReference) -> FileTileSource:
    """Have a file in memory exist for as long as the source that reads it."""
    source._django_large_image_content = reference.content
    return source


def _refuse_redirections(path: str, source: type[FileTileSource]) -> None:
    """Raise `UnreadableError` for a file that another library would follow to somewhere else."""
    try:
        with open(path, 'rb') as file:
            head = file.read(1024)
    except OSError:
        raise UnreadableError(MISSING) from None
    check_claims(path, MAX_FRAMES)
    if source.name in _TIFF_READERS:
        # What follows a comma they take for a directory in the file before it.
        if ',' in os.path.basename(path):
            raise UnreadableError(UNREADABLE)
        check_blocks(path)
    single = head.startswith(_SINGLE.get(source.name, b''))
    # GDAL is asked last: some of its drivers open what they are to name.
    if (
        not single
        or head.lstrip(_BLANK).startswith(_ACTIVE)
        or sidecars.refused(path)
        or not _is_known(path)
    ):
        raise UnreadableError('Unreadable image: files of this kind are not allowed.')


def _forget_tags() -> None:
    """Drop the tags that large-image keeps by path: another file may be there by now."""
    read: Any = getattr(sys.modules.get('large_image_source_tiff'), '_cached_read_tiff', None)
    if hasattr(read, 'cache'):
        read.cache.clear()


def _is_known(path: str) -> bool:
    """Whether a file is of an allowed driver, or of none that GDAL has."""
    with quiet():
        try:
            driver = gdal.IdentifyDriverEx(
                path, gdal.OF_RASTER, sibling_files=sidecars.siblings(path)
            )
        except RuntimeError:
            # It knew the kind, and found it broken.
            raise UnreadableError(UNREADABLE) from None
    return driver is None or driver.ShortName in settings.DRIVERS


class SourceCache:
    """The tile sources that stay open: the least recently used go first, old versions at once."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as if nothing had ever been opened or locked."""
        self._guard = threading.Lock()
        self._flight = SingleFlight()
        self._entries: OrderedDict[tuple[Any, ...], FileTileSource] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(
        self, reference: ImageReference, projection: str | None, name: str | None
    ) -> FileTileSource:
        """Return the open source of a reference, opening it once however many threads ask."""
        key = (reference.path, projection, name, reference.version)
        found = self._find(key)
        if found is not None:
            if isinstance(found, RasterTileSource):
                found.renew(remote.identified(reference))
            return found
        with self._flight(repr(key)):
            found = self._find(key)
            if found is None:
                found = _open(reference, projection, name)
                self._store(key, found)
        return found

    def _find(self, key: tuple[Any, ...]) -> FileTileSource | None:
        with self._guard:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def _store(self, key: tuple[Any, ...], source: FileTileSource) -> None:
        with self._guard:
            for other in [entry for entry in self._entries if entry[0] == key[0]]:
                if other[-1] != key[-1]:
                    del self._entries[other]
            self._entries[key] = source
            while len(self._entries) > max(1, settings.SOURCE_CACHE_SIZE):
                self._entries.popitem(last=False)
            self._trim_memory()

    def _trim_memory(self) -> None:
        """Drop the least recently used of those whose files in memory are too large together."""
        contents = {
            key: source._django_large_image_content
            for key, source in self._entries.items()
            if source._django_large_image_content is not None
        }
        while sum(file.size for file in set(contents.values())) > settings.MEMORY_IMAGE_BYTES:
            oldest = next(iter(contents))
            del self._entries[oldest], contents[oldest]

    def close_where(self, gone: Callable[[str], bool]) -> None:
        """Close the sources of paths of which `gone` is true: open files take room on disk."""
        with self._guard:
            for key in [key for key in self._entries if gone(key[0])]:
                del self._entries[key]

    def clear(self) -> None:
        """Close all sources that no request is using."""
        with self._guard:
            self._entries.clear()


_sources = SourceCache()
metrics.gauge('large_image_open_sources', 'Images that are open.', _sources.__len__)
# Handles of a parent process share their place in the file with it.
os.register_at_fork(after_in_child=_sources.reset)
close_sources, close_where = _sources.clear, _sources.close_where
