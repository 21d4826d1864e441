"""The values of one pixel."""

from __future__ import annotations

from typing import Any

from django_large_image.conf import settings
from django_large_image.pixels.style import Style
from django_large_image.sources.opening import Reader
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.rendering import render


def pixel_values(
    reader: Reader,
    reference: ImageReference | None,
    style: Style,
    frame: int | None,
    column: int,
    row: int,
) -> dict[str, Any]:
    """Return `r`, `g`, `b`, `a` (0-255) as the style shows a pixel (`l` too where that is grey),
    `value` as it is stored, and `bands` by number.

    Nodata and not-a-number stand as they are stored; `a` tells that nothing is shown there.
    """
    window = (column, row, column + 1, row + 1)
    size = (1, 1)
    picture = render(
        reader,
        reference,
        style,
        frame,
        lambda number, bands: reader.read_window(
            window, size, frame=number, bands=bands, resampling='nearest'
        ),
    )
    shown = picture.to_uint8()
    color = dict(zip('rgba', shown.to_rgba().data[0, 0].tolist(), strict=True))
    if shown.mode in ('L', 'LA'):
        color['l'] = color['r']
    numbers = [band.number for band in reader.bands]
    stored: dict[int, Any] = {}
    for first in range(0, len(numbers), settings.MAX_BANDS):
        group = numbers[first : first + settings.MAX_BANDS]
        raster = reader.read_window(window, size, frame=frame, bands=group, resampling='nearest')
        stored.update(zip(group, raster.data[0, 0], strict=True))
    return {
        **color,
        'value': list(stored.values()),
        'bands': stored,
        'x': column,
        'y': row,
    }
