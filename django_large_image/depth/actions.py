"""The endpoints that only depth images have: frames, and the depths of their rows."""

from __future__ import annotations

from typing import Any

from django_large_image.depth import colormaps, frames, interpolation
from django_large_image.depth.models import DepthImage
from django_large_image.depth.parameters import DepthsParameters, FrameParameters, depth_range
from django_large_image.depth.source import DepthReader
from django_large_image.exceptions import ParameterError
from django_large_image.metrics import stage
from django_large_image.pixels import stretch
from django_large_image.pixels.formats import get_format
from django_large_image.pixels.picture import RAW, Picture
from django_large_image.pixels.samples import Samples
from django_large_image.pixels.stretch import Stretch
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint
from django_large_image.rest.image import RequestedImage, check_size
from django_large_image.rest.openapi import json_object
from django_large_image.rest.parameters import COGParameters


class DepthActions(ImageHooks):
    """Parts of a log between two depths, and what differs for an image that is no file."""

    @endpoint(
        'frame',
        r'frame\.(?P<fmt>\w+)',
        FrameParameters,
        'A frame: the rows between two depths',
        cached=True,
    )
    def frame(self, image: RequestedImage, query: Any) -> Any:
        """A row of pixels for each depth from `depth_min` to `depth_max`, both included, in a
        colour map; as npy without one the values themselves, float32 (rows, columns).
        """
        reader = _reader(image)
        start, stop = _rows(query, reader.image)
        width, height = query.width or reader.image.width, _height(query, stop - start)
        output = get_format(query.fmt)
        output.check(width, height)
        check_size((max(width, reader.image.width), height))
        with stage('read'):
            values = reader.read_rows(start, stop, height, 'average').values
            mode = query.interpolation or reader.image.interpolation
            values = interpolation.resize(values, width, mode)
        plain = query.colormap is None and query.min is None and query.max is None
        if output.name == 'npy' and plain:
            return image.encoded(Picture(values, RAW))
        with stage('style'):
            colors = colormaps.find(query.colormap)
            picture = stretch.gray(_stretch(query, reader.image), Samples(values, None), colors)
        return image.encoded(picture)

    @endpoint(
        'depths',
        'depths',
        DepthsParameters,
        'The depths of the rows of a frame',
        answer=json_object(start='integer', stop='integer', depths='array'),
    )
    def depths(self, image: RequestedImage, query: Any) -> Any:
        """The number of the first row in the image and of the row after the last, and the depth of
        each row of the frame of the same parameters.
        """
        reader = _reader(image)
        start, stop = _rows(query, reader.image)
        height = _height(query, stop - start)
        check_size((reader.image.width, height))
        found = reader.read_rows(start, stop, height, 'average').depths
        return {'start': start, 'stop': stop, 'depths': found.tolist()}

    @endpoint(
        'cog',
        'info/cog',
        COGParameters,
        'Is it a Cloud Optimized GeoTIFF?',
        answer=json_object(valid='boolean'),
    )
    def cog(self, image: RequestedImage, query: Any) -> Any:
        """400: depth images are no files."""
        raise ParameterError('A depth image is not a TIFF.')


def _reader(image: RequestedImage) -> DepthReader:
    reader = image.reader
    assert isinstance(reader, DepthReader)  # noqa: S101 - the viewset opens no other source
    return reader


def _rows(query: Any, image: DepthImage) -> tuple[int, int]:
    """Return the number of the first row that is asked for, and of the one after the last.

    Raises `ParameterError` for a range without rows.
    """
    low, high = depth_range(query, image)
    start, stop = frames.span(
        image,
        low if low > image.depth_min else None,
        high if high < image.depth_max else None,
    )
    if start == stop:
        raise ParameterError(
            f'There is no row from {low:.10g} to {high:.10g}: the depths of this image are '
            f'{image.depth_min:.10g} to {image.depth_max:.10g}, about {image.step:.6g} apart.'
        )
    return start, stop


def _height(query: Any, rows: int) -> int:
    return rows if query.height is None else min(query.height, rows)


def _stretch(query: Any, image: DepthImage) -> Stretch:
    """Return the values of the first and the last colour; raises `ParameterError`."""
    low = query.min if query.min is not None else image.minimum or 0.0
    high = query.max if query.max is not None else image.maximum or 0.0
    if low > high:
        raise ParameterError(
            f'The colours run backwards, from {low:.6g} to {high:.6g}: give both `min` and `max`.'
        )
    return Stretch(low, high)
