"""What is known of an image, as plain JSON values: no path, no array, no NaN."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from large_image.tilesource import FileTileSource

from django_large_image.exceptions import ParameterError, ProjectionError
from django_large_image.sources.bands import band_record
from django_large_image.sources.opening import reader_of
from django_large_image.sources.orientation import orientation_value
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.regions import map_bounds
from django_large_image.sources.statistics import band_statistics

# Latitudes beyond it are at infinity in the projections of web maps.
_LATITUDE = 89.9999


def image_metadata(source: FileTileSource, reference: ImageReference | None) -> dict[str, Any]:
    """Return large-image's metadata with `geospatial`, `bounds` in EPSG:4326, `frames` and
    `orientation`, the value (1 to 8) of EXIF's tag.
    """
    bands = bands_information(source, reference)
    orientation = orientation_value(reader_of(source))
    metadata = {**source.getMetadata(), 'bands': bands, 'orientation': orientation}
    return _complete(metadata, source)


def internal_metadata(source: FileTileSource, reference: ImageReference | None) -> dict[str, Any]:
    """Return what the file's own format says of it, with `geospatial`, `bounds` and `frames`."""
    return _complete(dict(source.getInternalMetadata() or {}), source)


def _complete(metadata: dict[str, Any], source: FileTileSource) -> dict[str, Any]:
    geospatial = reader_of(source).geospatial
    metadata['geospatial'] = geospatial
    if metadata.get('projection'):
        projection = metadata['projection']
        metadata['projection'] = (
            projection.decode() if isinstance(projection, bytes) else str(projection)
        )
    if geospatial:
        try:
            metadata['bounds'] = geographic_bounds(source)
        except ProjectionError:
            metadata['bounds'] = None
    metadata.setdefault('frames', False)
    folder = os.path.dirname(str(source.largeImagePath))
    return dict(_without(plain(metadata), f'{folder}/'))


def geographic_bounds(source: FileTileSource, projection: str = 'EPSG:4326') -> dict[str, Any]:
    """Return the corners and `xmin`, `ymin`, `xmax`, `ymax` of a geospatial image in a projection.

    In EPSG:4326 `xmax` is over 180 where the image crosses the dateline.
    """
    if not isinstance(source, RasterTileSource):
        bounds = source.getBounds(srs=projection)
        return dict(plain(bounds or {}))
    xmin, ymin, xmax, ymax = map_bounds(source, projection)
    if projection.upper() == 'EPSG:4326':
        ymin, ymax = max(ymin, -_LATITUDE), min(ymax, _LATITUDE)
    return {
        'll': {'x': xmin, 'y': ymin},
        'ul': {'x': xmin, 'y': ymax},
        'lr': {'x': xmax, 'y': ymin},
        'ur': {'x': xmax, 'y': ymax},
        'srs': projection.lower(),
        'xmin': xmin,
        'ymin': ymin,
        'xmax': xmax,
        'ymax': ymax,
    }


def bands_information(
    source: FileTileSource, reference: ImageReference | None
) -> dict[int, dict[str, Any]]:
    """Return statistics and meaning per band: min, max, mean, stdev, nodata, interpretation."""
    known: dict[int, dict[str, Any]] | None = getattr(source, 'band_information', None)
    if known is None:
        numbers = [band.number for band in reader_of(source).bands]
        known = {number: one_band(source, reference, number) for number in numbers}
        source.band_information = known
    return known


def one_band(
    source: FileTileSource, reference: ImageReference | None, number: int, frame: int | None = None
) -> dict[str, Any]:
    """Return the statistics and meaning of one band (1-based); raises `ParameterError` where there
    is none.
    """
    reader = reader_of(source)
    if not 1 <= number <= len(reader.bands):
        raise ParameterError(f'There is no band {number}: this image has {len(reader.bands)}.')
    measured = band_statistics(reader, reference, frame, number)
    return dict(plain(band_record(reader.bands[number - 1], measured)))


def frames_information(source: FileTileSource) -> dict[str, Any]:
    """Return the frames with their bands: `{"frames": [{"frame": name, "bands": [{index, frame,
    name}]}]}`.
    """
    reader = reader_of(source)
    records = source.getMetadata().get('frames') or []
    if not records:
        bands = [
            {'index': band.number, 'frame': None, 'name': band.name or band.interpretation}
            for band in reader.bands
        ]
        return {'frames': [{'frame': 'Frame null', 'bands': bands}]}
    return {
        'frames': [
            {
                'frame': f'Frame {record["Frame"]}',
                'bands': [
                    {
                        'index': record.get('Index', 0),
                        'frame': record['Frame'],
                        'name': record.get('Name', record.get('Channel', '')),
                    }
                ],
            }
            for record in records
        ]
    }


def tiles_information(source: FileTileSource, reference: ImageReference | None) -> dict[str, Any]:
    """Return the pyramid: levels, size_x, size_y, tile_size, geospatial and all metadata."""
    return {
        'levels': source.levels,
        'size_x': source.sizeX,
        'size_y': source.sizeY,
        'tile_size': source.tileWidth,
        'geospatial': reader_of(source).geospatial,
        'additional_metadata': image_metadata(source, reference),
    }


def _without(value: Any, folder: str) -> Any:
    """Return a plain value in which the names of files stand without their folder."""
    if isinstance(value, dict):
        return {key: _without(entry, folder) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without(entry, folder) for entry in value]
    return value.replace(folder, '') if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: no NaN or infinity, no numpy, no bytes."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    if value is None or isinstance(value, (str, int)):
        return value
    try:
        # An affine transform, for one.
        return [plain(entry) for entry in value]
    except TypeError:
        return str(value)
