"""Functions that django-large-image 0.10 had under these names, on today's floors."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any

from large_image.tilesource import FileTileSource

from django_large_image.exceptions import RegionError
from django_large_image.pixels.formats import FORMATS, EncodeOptions, get_format
from django_large_image.pixels.style import Style
from django_large_image.sources import geotiff, metadata, regions
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.rendering import render
from django_large_image.storage.paths import path_reference

__all__ = [
    'format_to_encoding',
    'get_bounds',
    'get_formats',
    'get_frames',
    'get_metadata',
    'get_metadata_internal',
    'get_mime_type',
    'get_region',
    'get_tilesource_from_path',
    'is_geospatial',
]


def get_tilesource_from_path(
    path: Any,
    projection: str | None = None,
    style: str | dict[str, Any] | None = None,
    encoding: str | None = None,
    source: str | None = None,
) -> FileTileSource:
    """Return the open tile source of a path; raises `UnreadableError` or `ParameterError`."""
    return open_source(
        path_reference(path),
        projection=projection,
        style=style,
        encoding=encoding or 'PNG',
        source=source or None,
    )


def is_geospatial(source: FileTileSource) -> bool:
    """Whether a source has a place on the map."""
    return reader_of(source).geospatial


def get_bounds(source: FileTileSource, projection: str = 'EPSG:4326') -> dict[str, Any] | None:
    """Return the bounds of a source in a projection, None without a place on the map."""
    return metadata.geographic_bounds(source, projection) if is_geospatial(source) else None


def get_metadata(source: FileTileSource) -> dict[str, Any]:
    """Return the metadata of a source."""
    return metadata.image_metadata(source, None)


def get_metadata_internal(source: FileTileSource) -> dict[str, Any]:
    """Return what the file's format says."""
    return metadata.internal_metadata(source, None)


def get_frames(source: FileTileSource) -> dict[str, Any]:
    """Return the frames of a source with their bands."""
    return metadata.frames_information(source)


def get_region(
    source: FileTileSource,
    left: float,
    right: float,
    bottom: float,
    top: float,
    units: str | None = None,
    encoding: str | None = None,
) -> tuple[pathlib.Path, str]:
    """Return the path of a new file with a region, and its media type; the caller deletes the file.

    Raises `RegionError` for an empty region.
    """
    reader = reader_of(source)
    geospatial = reader.geospatial
    units = units or ('EPSG:4326' if geospatial else 'pixels')
    encoding = (encoding or ('TILED' if geospatial else 'JPEG')).upper()
    if right == left or top == bottom:
        raise RegionError
    plan = regions.plan_region(reader, regions.Region(left, top, right, bottom, units), None, None)
    style = Style.parse(None)
    if encoding == 'TILED':
        with geotiff.write_region(reader, None, style, None, plan, None) as file:
            body, media_type = file.read(), 'image/tiff'
    else:
        output = next(entry for entry in FORMATS.values() if entry.large_image == encoding)
        picture = render(
            reader, None, style, None, lambda frame, bands: plan.read(reader, frame, bands, None)
        )
        body, media_type = output.encode(picture, EncodeOptions()), output.media_type
    handle, name = tempfile.mkstemp(suffix=f'.{encoding.lower()}', prefix='region-')
    with os.fdopen(handle, 'wb') as target:
        target.write(body)
    return pathlib.Path(name), media_type


def get_formats(return_dict: bool = False) -> list[str] | dict[str, str]:
    """Return the suffixes of all formats, or their media types by suffix in upper case."""
    if return_dict:
        return {suffix.upper(): output.media_type for suffix, output in FORMATS.items()}
    return list(FORMATS)


def format_to_encoding(
    format: str | None,  # noqa: A002 (0.10's name)
    pil_safe: bool | None = False,
) -> str:
    """Return large-image's encoding for a suffix; raises `FormatError`."""
    encoding = get_format(format).large_image if format else 'PNG'
    return 'TIFF' if pil_safe and encoding == 'TILED' else encoding


def get_mime_type(format: str) -> str:  # noqa: A002 (0.10's name)
    """Return the media type of a suffix; raises `FormatError`."""
    return get_format(format).media_type
