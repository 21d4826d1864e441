"""A style and a place in an image in, a picture out: the one way from samples to pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError
from django_large_image.metrics import stage
from django_large_image.pixels.picture import Picture
from django_large_image.pixels.raster import Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.pixels.style import Style
from django_large_image.sources.opening import Reader
from django_large_image.sources.profile import profile_of
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.statistics import band_statistics

# Reads (frame, band numbers); the place is bound already.
Read = Callable[[int | None, Sequence[int] | None], Raster]


def render(
    reader: Reader, reference: ImageReference | None, style: Style, frame: int | None, read: Read
) -> Picture:
    """Read the frames and bands that a style needs and apply it.

    Raises `StyleError` for a frame or band that is not there, `BudgetError` for too many of them.
    """
    frames = style.frames(frame, reader.frame_count)
    numbers = style.band_numbers(reader.bands)
    if len(frames) * len(numbers) > settings.MAX_BANDS:
        raise BudgetError(f'At most {settings.MAX_BANDS} bands can be shown at once.')
    with stage('read'):
        rasters = {number: read(number, numbers) for number in frames}
    if style.icc:
        # Colours are as they are stored unless the style asks for sRGB.
        rasters = {
            number: replace(raster, profile=profile_of(reader, number))
            for number, raster in rasters.items()
        }
    statistics: dict[tuple[int | None, int], BandStatistics] = {}
    for key in style.needs_statistics(reader.bands, frame):
        with stage('statistics'):
            measured = band_statistics(reader, reference, *key)
        if measured is not None:
            statistics[key] = measured
    with stage('style'):
        return style.apply(rasters, statistics, frame=frame, bands=reader.bands)
