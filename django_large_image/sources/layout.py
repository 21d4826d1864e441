"""How a file is laid out: its TIFF tags, and whether it is a Cloud Optimized GeoTIFF."""

from __future__ import annotations

import io
import json
import logging
import os
from typing import Any

import tifftools

from django_large_image.exceptions import ParameterError, UnreadableError
from django_large_image.sources.handles import open_dataset

logger = logging.getLogger(__name__)

# A slide of many levels and channels takes some thousands.
_MAX_READS = 300_000
_TIFF_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


def tiff_tags(path: str) -> dict[str, Any]:
    """Return the directories and tags of a local TIFF as tifftools dumps them.

    Raises `ParameterError` for a file that is no TIFF or not local, `UnreadableError` for a damaged
    one.
    """
    try:
        file = _BoundedFile(path)
    except OSError:
        raise ParameterError('The tags of this image can only be read from a local TIFF.') from None
    output = io.StringIO()
    with file:
        if file.read(4) not in _TIFF_MAGIC:
            raise ParameterError('This image is not a TIFF.')
        try:
            # Directories may lead round in circles: so far, and no further.
            tifftools.read_tiff(file)
        except Exception as error:
            logger.info('tifftools could not read %s: %r', path, error)
            raise UnreadableError('The tags of this TIFF are damaged.') from error
    try:
        tifftools.tiff_dump(path, dest=output, outformat='json')
        # Each directory names the file by its full path.
        text = output.getvalue().replace(json.dumps(path)[1:-1], os.path.basename(path))
        tags: dict[str, Any] = json.loads(text)
    except Exception as error:
        logger.info('tifftools could not read %s: %r', path, error)
        raise UnreadableError('The tags of this TIFF are damaged.') from error
    if not tags.get('ifds'):
        raise UnreadableError('The tags of this TIFF are damaged.')
    return tags


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


def check_cog(path: str, *, strict: bool = False) -> dict[str, Any]:
    """Return whether GDAL's own validator takes a file for a Cloud Optimized GeoTIFF: valid,
    errors, warnings, ifds.

    `strict` counts warnings as errors. Raises `ParameterError` for what is no GeoTIFF.
    """
    from osgeo_utils.samples import validate_cloud_optimized_geotiff as validator

    dataset = open_dataset(path)
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
