"""The picture of an image request: read at the smallest sufficient level, turned, encoded.

Windows are (left, top, right, bottom) in pixels of the image as it is shown, sizes (width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError
from django_large_image.iiif.info import Pyramid, Tiles
from django_large_image.iiif.request import Derivative
from django_large_image.metrics import stage
from django_large_image.pixels.picture import Picture
from django_large_image.pixels.raster import Raster, Size
from django_large_image.pixels.style import Style
from django_large_image.pixels.turning import (
    UPRIGHT,
    Orientation,
    bitonal,
    gray,
    mirror,
    rotate,
    turned_size,
)
from django_large_image.rest.image import RequestedImage, check_size
from django_large_image.rest.responses import Binary
from django_large_image.sources.levels import (
    PixelWindow,
    find_level,
    level_size,
    read_level,
    stored_factor,
)
from django_large_image.sources.opening import Reader
from django_large_image.sources.orientation import orientation_of, shown_size
from django_large_image.sources.profile import profile_of
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reading import check_read
from django_large_image.sources.rendering import render as render_style
from django_large_image.sources.stored import stored_window

# Sides of blocks that make tiles: smaller ones are many requests, larger ones take long to show.
_LEAST_SIDE, _LARGEST_SIDE = 128, 1024


def pyramid(reader: Reader) -> Pyramid:
    """Return the tiles of an image, those of the file's own blocks where they are of a useful size,
    and its sizes: at the half, a quarter and so on, until all of it is one tile.

    What would take more pixels than the settings allow is left out.
    """
    full, tile = shown_size(reader), _tile_size(reader)
    count = max(-(-full[0] // tile[0]), -(-full[1] // tile[1]))
    factors = [1 << index for index in range((count - 1).bit_length() + 1)]
    sizes = {factor: level_size(full, factor) for factor in factors}
    tiles = [
        factor
        for factor, size in sizes.items()
        if _is_readable(reader, (min(tile[0], size[0]), min(tile[1], size[1])), factor)
    ]
    return Pyramid(
        *full,
        (Tiles(*tile, tuple(tiles)),) if tiles else (),
        tuple(
            size for factor, size in reversed(sizes.items()) if _is_readable(reader, size, factor)
        ),
        next(
            (size for factor, size in sizes.items() if _is_decodable(reader, size, factor)), (0, 0)
        ),
    )


def render(image: RequestedImage, plan: Derivative) -> Binary:
    """Return the encoded picture of a resolved request; its query has to name the plan's format.

    A window that is a block of the file is sent as it is stored. Raises `BudgetError` for a picture
    that is too large, before anything is read, and whatever the image's style may raise.
    """
    check_size(plan.size)
    check_size(turned_size(plan.size, plan.degrees))
    style = _style(image)
    stored = _stored(image, plan, style)
    if stored is not None:
        return stored
    picture = _picture(image, plan, style)
    with stage('style'):
        picture = _finish(picture, plan)
    return image.encoded(picture)


def _style(image: RequestedImage) -> Style:
    """Return the style asked for; where the viewset has `iiif_srgb`, colours are turned into sRGB,
    unless the style says otherwise.
    """
    style = image.style
    if style.icc is None and getattr(image.view, 'iiif_srgb', False):
        return replace(style, icc=True)
    return style


def _stored(image: RequestedImage, plan: Derivative, style: Style) -> Binary | None:
    """Return the picture as a block of the file holds it, None where it has to be made."""
    plain = not (plan.degrees or plan.mirrored) and plan.quality in ('default', 'color')
    reader = image.reader
    if not plain or orientation_of(reader) != UPRIGHT:
        return None
    if style.icc and profile_of(reader, image.frame) is not None:
        return None
    return image.stored(
        lambda frame, name: stored_window(reader, plan.window, plan.size, frame, name)
    )


def _picture(image: RequestedImage, plan: Derivative, style: Style) -> Picture:
    """Return the window of a plan at its size, in a style."""
    place = _Place(image.reader, plan.window, plan.size, image.query.resample)
    if place.resampling == 'nearest' or place.reduced == place:
        return _shown(image, place, style)
    # In one step GDAL would make every row of the window as wide as the result.
    return _shown(image, place.reduced, style).resize(*plan.size)


def _shown(image: RequestedImage, place: _Place, style: Style) -> Picture:
    """Return a place of the image in a style."""
    reader, resampling = image.reader, place.resampling
    numbers = style.band_numbers(reader.bands)
    palette = any(b.interpretation == 'palette' and b.number in numbers for b in reader.bands)
    # A level's pixels are means of samples; colours of a palette cannot be mixed before they are
    # looked up.
    free = resampling is None and (palette or place.part is None)
    finer = place.finest(coarse=palette) if free else place
    stored = render_style(reader, image.reference, style, image.frame, finer.read)
    picture = place.turn.show(stored)
    return picture if finer is place else _fill(picture, finer.size).resize(*place.size)


@dataclass(frozen=True)
class _Place:
    """A window of an image as it is shown, at a size.

    `part` is the part of a level that it is and the level's factor; None where it is none.
    """

    reader: Reader
    window: PixelWindow
    size: Size
    resampling: str | None
    given: tuple[PixelWindow, int] | None = None

    @cached_property
    def turn(self) -> Orientation:
        """How stored pixels are shown."""
        return orientation_of(self.reader)

    @cached_property
    def full(self) -> Size:
        """The size of the image as it is shown."""
        return shown_size(self.reader)

    @cached_property
    def part(self) -> tuple[PixelWindow, int] | None:
        """The part of a level that this is and the factor of the level; None where it is none."""
        return self.given or find_level(self.window, self.size, self.full)

    @cached_property
    def reduction(self) -> float:
        """How many pixels of the image become one, along the side where these are fewer."""
        left, top, right, bottom = self.window
        return min((right - left) / self.size[0], (bottom - top) / self.size[1])

    @property
    def reduced(self) -> _Place:
        """The place no larger than its window, where it is made smaller along one side and larger
        along the other; else itself.
        """
        left, top, right, bottom = self.window
        full = right - left, bottom - top
        larger = [size > length for size, length in zip(self.size, full, strict=True)]
        if larger[0] == larger[1]:
            return self
        return replace(self, size=(min(self.size[0], full[0]), min(self.size[1], full[1])))

    def read(self, frame: int | None, bands: Sequence[int] | None) -> Raster:
        """Return the samples as they are stored, not turned."""
        if self.part is not None:
            part, factor = self.part
            part = self.turn.stored(part, level_size(self.full, factor))
            return read_level(
                self.reader, part, factor, frame=frame, bands=bands, resampling=self.resampling
            )
        window, size = self.turn.stored(self.window, self.full), self.turn.size(self.size)
        how = self.resampling or ('average' if self.reduction >= 1 else None)
        return self.reader.read_window(window, size, frame=frame, bands=bands, resampling=how)

    def finest(self, *, coarse: bool) -> _Place:
        """Return the place in as many more pixels as there are in the smallest sufficient level:
        itself where there are none, or more than the settings allow.

        `coarse` allows fewer than there are then.
        """
        if self.reduction <= 1 or not isinstance(self.reader, RasterTileSource):
            return self
        limit = settings.MAX_OUTPUT_PIXELS
        if self.part is not None:
            return self._finer_part(self.reader, *self.part, limit)
        left, top, right, bottom = self.window
        stored = max(factor for factor in _stored_factors(self.reader) if factor <= self.reduction)
        across, down = round((right - left) / stored), round((bottom - top) / stored)
        if across * down > limit:
            scale = (limit / (across * down)) ** 0.5 if coarse else 0
            across, down = int(across * scale), int(down * scale)
        size = max(self.size[0], across), max(self.size[1], down)
        return self if size == self.size else replace(self, size=size)

    def _finer_part(
        self, reader: RasterTileSource, part: PixelWindow, factor: int, limit: int
    ) -> _Place:
        """Return the part of a level as the part of the finest below it that is not stored, and of
        which no more than so many pixels are read.
        """
        (left, top, right, bottom), (width, height) = part, self.size
        times = factor // stored_factor(reader.description.levels, factor)
        while times > 1 and width * height * times**2 > limit:
            times //= 2
        if times == 1:
            return self
        most = level_size(self.full, factor // times)
        ends = min(right * times, most[0]), min(bottom * times, most[1])
        return replace(
            self,
            size=(width * times, height * times),
            given=((left * times, top * times, *ends), factor // times),
        )


def _stored_factors(reader: RasterTileSource) -> list[float]:
    """Return how much smaller than the image the levels are that its file has, itself included."""
    levels = reader.description.levels
    width, height = levels[0]
    return [max(1.0, min(width / level[0], height / level[1])) for level in levels]


def _fill(picture: Picture, size: Size) -> Picture:
    """Return the picture with its last pixels repeated up to a size."""
    right, bottom = size[0] - picture.width, size[1] - picture.height
    if not (right or bottom):
        return picture
    return Picture(np.pad(picture.data, ((0, bottom), (0, right), (0, 0)), 'edge'), picture.mode)


def _finish(picture: Picture, plan: Derivative) -> Picture:
    """Return the picture mirrored, rotated and in the quality of a plan."""
    if plan.mirrored:
        picture = mirror(picture)
    return _QUALITIES.get(plan.quality, _as_it_is)(rotate(picture, plan.degrees))


def _as_it_is(picture: Picture) -> Picture:
    return picture


_QUALITIES = {'gray': gray, 'bitonal': bitonal}


def _tile_size(reader: Reader) -> Size:
    """Return the size of an image's own blocks as they are shown where they make useful tiles, else
    the settings'.
    """
    block = reader.tileWidth, reader.tileHeight
    full = reader.sourceSizeX, reader.sourceSizeY
    if isinstance(reader, RasterTileSource):
        with reader.pool(None).borrow() as dataset:
            block = tuple(dataset.GetRasterBand(1).GetBlockSize())
    small, large = sorted(block)
    # What is as wide or high as the image is a strip, or all of it.
    cut = block[0] != full[0] and block[1] != full[1]
    if cut and small >= _LEAST_SIDE and large <= _LARGEST_SIDE and large <= 2 * small:
        return orientation_of(reader).size(block)
    return settings.TILE_SIZE, settings.TILE_SIZE


def _is_readable(reader: Reader, size: Size, factor: int) -> bool:
    """Whether the settings allow an answer of so many pixels of the level of a factor."""
    allowed = size[0] * size[1] <= settings.MAX_OUTPUT_PIXELS
    return allowed and _is_decodable(reader, size, factor)


def _is_decodable(reader: Reader, size: Size, factor: int) -> bool:
    """Whether the settings allow to read what makes so many pixels of the level of a factor."""
    if not isinstance(reader, RasterTileSource):
        return True
    width, height = size
    rest = factor // stored_factor(reader.description.levels, factor)
    bands = len(Style().band_numbers(reader.bands))
    with reader.pool(None).borrow() as dataset, suppress(BudgetError):
        check_read(dataset, width * height * rest**2, 1.0, bands)
        return True
    return False
