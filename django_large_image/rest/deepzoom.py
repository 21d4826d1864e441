"""Endpoints of Deep Zoom: `image.dzi` and the tiles in `image_files/...`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from django_large_image.exceptions import FormatError
from django_large_image.pixels.formats import FORMATS
from django_large_image.pixels.turning import UPRIGHT
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint
from django_large_image.rest.image import RequestedImage, check_size
from django_large_image.rest.parameters import (
    PLACE,
    FormatParameters,
    Parameters,
    PlaceParameters,
    SourceParameters,
    StyleParameters,
)
from django_large_image.rest.responses import Binary
from django_large_image.sources.deepzoom import OVERLAP, TILE_SIZE, DeepZoomImage
from django_large_image.sources.levels import read_level
from django_large_image.sources.orientation import orientation_of, shown_size
from django_large_image.sources.stored import stored_window

_TILE = r'(?P<z>[^/]+)/(?P<x>[^/_]+)_(?P<y>[^/_]+)\.(?P<fmt>\w+)'
_MEDIA_TYPE = 'application/xml'
# No number of more digits is that of a tile.
_PLAIN = re.compile('-?(?:0|[1-9][0-9]{0,17})').fullmatch
# Suffixes of what browsers show, as OpenSeadragon knows them.
_SHOWN = [suffix for suffix in ('jpg', 'jpeg', 'png', 'webp', 'avif') if suffix in FORMATS]


class PlainIntegerField(serializers.IntegerField):
    """A number as it is usually written: `01`, `1.0`, ` 1` and digits of other scripts are none."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number; raises a validation error for what is none."""
        if _PLAIN(str(data)) is None:
            self.fail('invalid')
        return int(super().to_internal_value(data))


class LayoutParameters(Parameters):
    """How levels are cut into tiles."""

    tile_size = PlainIntegerField(
        min_value=1,
        max_value=2**31,
        default=TILE_SIZE,
        help_text='The width and height of tiles in pixels, without their overlap.',
    )
    overlap = PlainIntegerField(
        min_value=0,
        max_value=2**31,
        default=OVERLAP,
        help_text='How many pixels tiles reach into each neighbour.',
    )


class DeepZoomParameters(LayoutParameters, SourceParameters):
    """A Deep Zoom image."""

    # The image in its own pixels, wherever it lies: DRF takes the field off the class.
    projection = None  # type: ignore[assignment]
    fmt = serializers.CharField(
        required=False,
        max_length=16,
        default='jpg',
        help_text='The format of the tiles; png keeps transparency.',
        style={'enum': _SHOWN, 'example': 'jpg'},
    )


class DeepZoomTileParameters(PlaceParameters, LayoutParameters, StyleParameters, FormatParameters):
    """A tile of a Deep Zoom image."""

    projection = None  # type: ignore[assignment]  # likewise
    z = PlainIntegerField(help_text='The level; 0 is one pixel.', style={'example': 0})
    x = PlainIntegerField(help_text='The column, from the left.', style={'example': 0})
    y = PlainIntegerField(help_text='The row, from the top.', style={'example': 0})

    @classmethod
    def place(cls, named: Mapping[str, str]) -> tuple[int, ...] | None:
        """Return z, x and y of a path; None for any that are not plainly right."""
        plain = all(_PLAIN(named.get(name, '')) for name in PLACE)
        return super().place(named) if plain else None


class DeepZoomActions(ImageHooks):
    """The image in its own pixel grid as Deep Zoom viewers read it."""

    @endpoint('deepzoom', r'image\.dzi', DeepZoomParameters, 'Deep Zoom', media_type=_MEDIA_TYPE)
    def deepzoom(self, image: RequestedImage, query: Any) -> Any:
        """The XML that Deep Zoom viewers open; they repeat its query string at each tile."""
        suffix = query.fmt.lower()
        if suffix not in _SHOWN:
            raise FormatError(f'Tiles of Deep Zoom are shown as {", ".join(_SHOWN)}.')
        return Binary(_pyramid(image, query).descriptor(suffix).encode(), _MEDIA_TYPE)

    @endpoint(
        'deepzoom-xml',
        r'image\.xml',
        DeepZoomParameters,
        'Deep Zoom (other suffix)',
        media_type=_MEDIA_TYPE,
    )
    def deepzoom_xml(self, image: RequestedImage, query: Any) -> Any:
        """The same as `image.dzi`."""
        return DeepZoomActions.deepzoom(self, image, query)

    @endpoint(
        'deepzoom-tile',
        f'image_files/{_TILE}',
        DeepZoomTileParameters,
        'One tile of Deep Zoom',
        cached=True,
        styled=True,
    )
    def deepzoom_tile(self, image: RequestedImage, query: Any) -> Any:
        """The tile at level z, column x and row y; 404 outside. Level 0 is one pixel, the highest
        level the image.
        """
        pyramid, reader = _pyramid(image, query), image.reader
        box, factor = pyramid.tile(query.z, query.x, query.y), pyramid.factor(query.z)
        size = box[2] - box[0], box[3] - box[1]
        check_size(size, len(reader.bands) if image.wants_samples else 4)
        turn = orientation_of(reader)
        if turn == UPRIGHT:
            window = pyramid.window(query.z, box)
            stored = image.stored(
                lambda frame, name: stored_window(reader, window, size, frame, name)
            )
            if stored is not None:
                return stored
        part = turn.stored(box, pyramid.level_size(query.z))
        return image.picture(
            lambda frame, bands: read_level(
                reader, part, factor, frame=frame, bands=bands, resampling=query.resample
            ),
            turn,
        )


def _pyramid(image: RequestedImage, query: Any) -> DeepZoomImage:
    """Return the pyramid of an image as it is shown."""
    return DeepZoomImage(*shown_size(image.reader), query.tile_size, query.overlap)
