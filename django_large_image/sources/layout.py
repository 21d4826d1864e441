"""How a file is laid out: its TIFF tags, and whether it is a Cloud Optimized GeoTIFF."""

from __future__ import annotations

import io
import json
import logging
import os
from typing import Any

import tifftools
from osgeo import gdal

from django_large_image.exceptions import LargeImageError, ParameterError, UnreadableError
from django_large_image.sources import complaints
from django_large_image.sources.claims import check_claims
from django_large_image.sources.handles import configured, open_dataset, quiet
from django_large_image.sources.reference import Options

logger = logging.getLogger(__name__)

# A slide of many levels and channels takes some thousands.
_MAX_READS = 300_000
# As much over the network, of which each part is a request.
_MAX_STREAMED, _MAX_STREAMED_READS = 64 * 1024 * 1024, 20_000
_TIFF_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


def tiff_tags(path: str, options: Options = ()) -> dict[str, Any]:
    """Return the directories and tags of a TIFF as tifftools dumps them.

    `options` are those of its `ImageReference`. Raises `ParameterError` for a file that is no TIFF,
    `UnreadableError` for a damaged one and `BusyError` for a store that does not answer.
    """
    if path.startswith('/vsi'):
        with quiet(), configured(options), complaints.listening(path):
            return _streamed_tags(path)
    check_claims(path)
    try:
        file = _BoundedFile(path)
    except OSError:
        raise ParameterError('The tags of this image cannot be read.') from None
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
        name = json.dumps(os.path.basename(path))[1:-1]
        text = output.getvalue().replace(json.dumps(path)[1:-1], name)
        tags: dict[str, Any] = json.loads(text)
    except Exception as error:
        logger.info('tifftools could not read %s: %r', path, error)
        raise UnreadableError('The tags of this TIFF are damaged.') from error
    if not tags.get('ifds'):
        raise UnreadableError('The tags of this TIFF are damaged.')
    return tags


def _streamed_tags(path: str) -> dict[str, Any]:
    output = io.StringIO()
    try:
        with _StreamedFile(path) as file:
            if file.read(4) not in _TIFF_MAGIC:
                raise ParameterError('This image is not a TIFF.')
            tifftools.tiff_dump(file, dest=output, outformat='json')
            unnamed = json.dumps(f'{type(file).__name__}:{file!r}')
    except LargeImageError:
        raise
    except Exception as error:  # noqa: BLE001 - it fails in any way on broken tags
        complaints.check()
        logger.info('tifftools could not read %s: %r', path, error)
        raise UnreadableError('The tags of this TIFF are damaged.') from None
    tags: dict[str, Any] = json.loads(
        output.getvalue().replace(unnamed, json.dumps(os.path.basename(path)))
    )
    if not tags.get('ifds'):
        raise UnreadableError('The tags of this TIFF are damaged.')
    return tags


class _StreamedFile(io.RawIOBase):
    """A file of GDAL's file systems of which a limited number of bytes can be read."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._left, self._reads = _MAX_STREAMED, _MAX_STREAMED_READS
        self._file = gdal.VSIFOpenL(path, 'rb')
        if self._file is None:
            raise OSError('cannot be opened')

    def __repr__(self) -> str:
        return 'streamed'

    def seekable(self) -> bool:
        """Whether `seek` works."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place; return where that is."""
        gdal.VSIFSeekL(self._file, offset, whence)
        return self.tell()

    def tell(self) -> int:
        """Return the place that is read next."""
        return int(gdal.VSIFTellL(self._file))

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as files do; raises `OSError` when it was asked for too much or too often."""
        self._reads -= 1
        if size is None or not 0 <= size <= self._left or self._reads < 0:
            raise OSError('read too much')
        self._left -= size
        return bytes(gdal.VSIFReadL(1, size, self._file) or b'') if size else b''

    def close(self) -> None:
        """Close the file, once."""
        if not self.closed:
            gdal.VSIFCloseL(self._file)
        super().close()


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
    with configured(options), complaints.listening(path):
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
