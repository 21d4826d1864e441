"""How a file is laid out: its TIFF tags, and whether it is a Cloud Optimized GeoTIFF."""

from __future__ import annotations

import io
import json
import logging
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import tifftools

from django_large_image.conf import settings
from django_large_image.exceptions import LargeImageError, ParameterError, UnreadableError
from django_large_image.sources import complaints
from django_large_image.sources.claims import TIFF_MAGIC, check_claims
from django_large_image.sources.handles import open_dataset, reaching
from django_large_image.sources.reference import Options
from django_large_image.sources.streamed import StreamedFile

logger = logging.getLogger(__name__)

# A slide of many levels and channels takes some thousands.
_MAX_READS = 300_000
# As much over the network, of which each part is a request.
_MAX_STREAMED, _MAX_STREAMED_READS = 64 * 1024 * 1024, 20_000
_WIDTH, _SAMPLES, _STRIP_BYTES = 256, 277, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_BYTES = 322, 323, 325
_BLOCK_TAGS = {_SAMPLES, _STRIP_BYTES, _TILE_WIDTH, _TILE_HEIGHT, _TILE_BYTES}


def tiff_tags(path: str, options: Options = ()) -> dict[str, Any]:
    """Return the directories and tags of a TIFF as tifftools dumps them.

    `options` are those of its `ImageReference`. Raises `ParameterError` for a file that is no TIFF,
    `UnreadableError` for a damaged one and `BusyError` for a store that does not answer.
    """
    if path.startswith('/vsi'):
        with reaching(path, options):
            return _dump(_BoundedStream, path)
    check_claims(path)
    if not os.path.isfile(path):
        raise ParameterError('The tags of this image cannot be read.')
    return _dump(_BoundedFile, path)


def _dump(kind: Callable[[str], io.RawIOBase], path: str) -> dict[str, Any]:
    output, name = io.StringIO(), os.path.basename(path)
    try:
        with kind(path) as file:
            if file.read(4) not in TIFF_MAGIC:
                raise ParameterError('This image is not a TIFF.')
            # Directories may lead round in circles: as far as the file is read, and no further. A
            # path would be taken for that of a directory in another file.
            tifftools.tiff_dump(file, dest=output, outformat='json')
            # Each directory names the file as Python shows it.
            shown = json.dumps(f'{type(file).__name__}:{file!r}')
        tags: dict[str, Any] = json.loads(output.getvalue().replace(shown, json.dumps(name)))
    except LargeImageError:
        raise
    except Exception as error:  # noqa: BLE001 - it fails in any way on broken tags
        complaints.check()
        logger.info('tifftools could not read %s: %r', path, error)
        raise UnreadableError('The tags of this TIFF are damaged.') from None
    if not tags.get('ifds'):
        raise UnreadableError('The tags of this TIFF are damaged.')
    return tags


def check_blocks(path: str) -> None:
    """Raise `UnreadableError` for a local TIFF that does not say how long each of its blocks is, or
    says more than it has, or has larger blocks than the settings allow: large-image makes room for
    as much as a file claims.
    """
    with _BoundedFile(path) as file:
        try:
            info = tifftools.read_tiff(file)
            sane = all(_has_sane_blocks(each, info['size']) for each in _all_directories(info))
        except Exception as error:  # noqa: BLE001 - it fails in any way on broken tags
            logger.info('tifftools could not read %s: %r', path, error)
            sane = False
    if not sane:
        raise UnreadableError('Unreadable image: it claims to hold more than it can.')


def _all_directories(info: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the directories that tifftools read, with those that others refer to."""
    for directory in info['ifds']:
        yield directory
        for tag in directory['tags'].values():
            for chain in tag.get('ifds', ()):
                yield from _all_directories({'ifds': chain})


def _has_sane_blocks(directory: dict[str, Any], size: int) -> bool:
    tags = directory['tags']
    values = {number: tags[number]['data'] for number in _BLOCK_TAGS & tags.keys()}
    if _WIDTH not in tags:
        # Of a camera, say, not of an image.
        return True
    # Of a tag that stands there twice tifftools and others take different ones.
    if len(tags) != directory['tagcount']:
        return False
    lengths = values[_TILE_BYTES if _TILE_WIDTH in tags else _STRIP_BYTES]
    area = math.prod(values.get(number, [1])[0] for number in (_TILE_WIDTH, _TILE_HEIGHT, _SAMPLES))
    return bool(max(lengths) <= size and area <= settings.MAX_READ_PIXELS)


class _BoundedStream(StreamedFile):
    """A file of GDAL's file systems of which a limited number of bytes can be read."""

    _left, _reads = _MAX_STREAMED, _MAX_STREAMED_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as files do; raises `OSError` when it was asked for too much or too often."""
        self._reads -= 1
        self._left -= size or 0
        if self._left < 0 or self._reads < 0:
            raise OSError('read too much')
        return super().read(size)


class _BoundedFile(io.FileIO):
    """A file that can be read from a limited number of times."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as files do; raises `OSError` when it was done too often."""
        self._left -= 1
        if self._left < 0:
            raise OSError('read too often')
        return super().read(size) or b''


def check_cog(path: str, *, strict: bool = False, options: Options = ()) -> dict[str, Any]:
    """Return whether GDAL's own validator takes a file for a Cloud Optimized GeoTIFF: valid,
    errors, warnings, ifds.

    `strict` counts warnings as errors, `options` are those of its `ImageReference`. Raises
    `ParameterError` for what is no GeoTIFF.
    """
    dataset = open_dataset(path, options)
    with reaching(path, options):
        return _check_dataset(dataset, path, strict)


def _check_dataset(dataset: Any, path: str, strict: bool) -> dict[str, Any]:
    from osgeo_utils.samples import validate_cloud_optimized_geotiff as validator

    if dataset.GetDriver().ShortName not in ('GTiff', 'COG'):
        raise ParameterError('This image is not a TIFF.')
    try:
        warnings, errors, details = validator.validate(dataset, full_check=False)
    except (
        validator.ValidateCloudOptimizedGeoTIFFException,
        ArithmeticError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        # The validator reads offsets as the file has them, and fails on damaged ones anyhow.
        logger.info('The layout of %s could not be read: %r', path, error)
        warnings, errors, details = [], ['The layout of the file could not be read.'], {}
    name, base = os.path.basename(path), os.path.dirname(path)
    texts = [
        [str(text).replace(f'{base}/', '').replace(path, name) for text in part]
        for part in (errors, warnings)
    ]
    errors, warnings = texts
    if strict:
        errors, warnings = errors + warnings, []
    return {
        'valid': not errors,
        'errors': errors,
        'warnings': warnings,
        'ifds': _directories(dataset),
        'details': details,
    }


def _directories(dataset: Any) -> list[dict[str, Any]]:
    """Return size, block size and kind of the image and its overviews."""
    band = dataset.GetRasterBand(1)
    levels = [band, *(band.GetOverview(index) for index in range(band.GetOverviewCount()))]
    return [
        {
            'level': index,
            'width': level.XSize,
            'height': level.YSize,
            'block': list(level.GetBlockSize()),
            'compression': dataset.GetMetadataItem('COMPRESSION', 'IMAGE_STRUCTURE'),
        }
        for index, level in enumerate(levels)
    ]
