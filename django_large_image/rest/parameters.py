"""The one table of request parameters: each endpoint's serializer validates them and documents
them.

`Endpoint.parse` gives a frozen value with one attribute per field. JavaScript's `undefined` and
`null` mean absent.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from rest_framework import serializers

from django_large_image.conf import settings
from django_large_image.pixels.formats import FORMATS
from django_large_image.sources.reading import RESAMPLINGS

_ABSENT = {'', 'undefined', 'null', 'none'}
# Other names of parameters.
ALIASES = {'palette': 'cmap'}
# The parameters in which tiles of one look differ.
PLACE = ('z', 'x', 'y')
_MAX_STYLE = 65536
_MAX_REMEMBERED = 1024
MAX_LEVEL = 64
_PLAIN_PLACE = re.compile('([0-9]{1,2})/([0-9]{1,12})/([0-9]{1,12})').fullmatch


def is_absent(value: object) -> bool:
    """Whether a value stands for a parameter that was not given."""
    return value is None or str(value).strip().lower() in _ABSENT


class FiniteField(serializers.FloatField):
    """A number that is neither NaN nor infinite."""

    default_error_messages = {'finite': 'A finite number is required.'}

    def to_internal_value(self, data: Any) -> float:
        """Return the number; raises a validation error for what is none."""
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail('finite')
        return value


class FlagField(serializers.BooleanField):
    """True or false; present without a value counts as true."""


class Parameters(serializers.Serializer[Any]):
    """The base of all parameter tables."""

    @classmethod
    def parse(cls, raw: Mapping[str, object]) -> Any:
        """Return the validated values as a frozen dataclass; raises DRF's `ValidationError` per
        field. What is no parameter of the table does not matter.
        """
        known = cls._declared_fields
        given = {
            key: str(value) for key, value in raw.items() if key in known and not is_absent(value)
        }
        items = tuple(sorted(given.items()))
        # Long styles are rare and would fill the memory that short ones are kept in.
        short = sum(map(len, given.values())) < _MAX_REMEMBERED
        if not short:
            return _parse(cls, items)
        return _parse_remembered(cls, items, settings.fingerprint())

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all parameters, in the order of the table."""
        return _names(cls)

    @classmethod
    def place(cls, named: Mapping[str, str]) -> tuple[int, ...] | None:
        """Return z, x and y of a path; () for a table without place.

        None for any that are not plainly right: it takes `parse` to judge them.
        """
        if 'z' not in cls._declared_fields:
            return ()
        plain = _PLAIN_PLACE(f'{named.get("z")}/{named.get("x")}/{named.get("y")}')
        if plain is None:
            return None
        z, x, y = map(int, plain.groups())
        return (z, x, y) if z <= MAX_LEVEL else None

    @classmethod
    def placed(cls, query: Any, place: tuple[int, ...]) -> Any:
        """Return a value of `parse` at another place, which is one of `place()`."""
        if not place:
            return query
        moved = object.__new__(type(query))
        # Not by `__init__`, which sets a frozen value field by field.
        moved.__dict__.update(vars(query), z=place[0], x=place[1], y=place[2])
        return moved


def _parse(table: type[Parameters], given: tuple[tuple[str, str], ...]) -> Any:
    values = dict.fromkeys(table.names())
    values.update(_serializer(table).run_validation(dict(given)))
    return _value_class(table)(**values)


@lru_cache(maxsize=4096)
def _parse_remembered(
    table: type[Parameters], given: tuple[tuple[str, str], ...], settings_in_force: str
) -> Any:
    return _parse(table, given)


@cache
def _names(table: type[Parameters]) -> tuple[str, ...]:
    return tuple(table._declared_fields)


@cache
def _serializer(table: type[Parameters]) -> Parameters:
    # Copying its fields takes longer than validating by them, which leaves no trace in them.
    return table()


@cache
def _value_class(table: type[Parameters]) -> type[Any]:
    return dataclasses.make_dataclass(
        table.__name__.removesuffix('Parameters'), table.names(), frozen=True
    )


def _number(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(required=False, max_value=2**31, **options)


class SourceParameters(Parameters):
    """How an image is opened."""

    projection = serializers.CharField(
        required=False,
        max_length=64,
        help_text='Show the image on the map of this projection, e.g. EPSG:3857. '
        'Absent: in its own pixel grid.',
        style={'example': 'EPSG:3857'},
    )
    source = serializers.CharField(  # type: ignore[assignment]  # DRF takes it off the class
        required=False,
        max_length=64,
        help_text='Open the image with this tile source; see `api/large-image/sources`.',
        style={'example': 'raster'},
    )


class StyleParameters(SourceParameters):
    """How samples become colours."""

    band = _number(min_value=0, help_text='The band to show, counted from 1.', style={'example': 1})
    palette = serializers.CharField(
        required=False,
        max_length=8192,
        help_text='Colours of the band: a name of matplotlib or palettable, or colours separated '
        'by commas. `cmap` is another name of this parameter.',
        style={'example': 'viridis'},
    )
    min = serializers.CharField(
        required=False,
        max_length=64,
        help_text='The value of the first colour: a number, or auto, min, max, full, or min:0.02 '
        'to leave out the lowest 2 %.',
        style={'example': 'min:0.02'},
    )
    max = serializers.CharField(
        required=False,
        max_length=64,
        help_text='The value of the last colour, written like `min`.',
        style={'example': 'max:0.02'},
    )
    nodata = serializers.CharField(
        required=False,
        max_length=64,
        help_text='The value that is shown transparent; `auto` takes the one of the file.',
        style={'example': '0'},
    )
    scheme = serializers.ChoiceField(
        required=False,
        choices=['linear', 'discrete'],
        help_text='Whether colours between those of the palette are mixed (linear) or not.',
    )
    frame = _number(min_value=0, help_text='The frame to show, counted from 0.')
    style = serializers.CharField(  # type: ignore[assignment]  # likewise
        required=False,
        max_length=_MAX_STYLE,
        help_text='A style of large-image as URL-encoded JSON; wins over the parameters above. '
        'It may also be sent as the JSON body of a POST.',
        style={'example': '{"bands":[{"band":1,"palette":["#000","#f00"]}]}'},
    )
    resample = serializers.ChoiceField(
        required=False,
        choices=list(RESAMPLINGS),
        help_text='How samples are interpolated (default: the setting RESAMPLING; colour tables '
        'always nearest).',
    )


class FormatParameters(Parameters):
    """How pixels are written."""

    fmt = serializers.CharField(
        required=False,
        max_length=16,
        default='png',
        help_text=f'The format: {", ".join(FORMATS)}.',
        style={'enum': list(FORMATS), 'example': 'png'},
    )
    quality = _number(
        min_value=1, help_text='The quality of jpeg, webp and avif (default: the setting QUALITY).'
    )

    def validate_quality(self, value: int) -> int:
        """Return a quality of 1 to 100."""
        if value > 100:
            raise serializers.ValidationError('The quality is 1 to 100.')
        return value


class PlaceParameters(Parameters):
    """Which tile."""

    z = serializers.IntegerField(
        min_value=-1,
        max_value=MAX_LEVEL,
        help_text='The level; 0 is a single tile.',
        style={'example': 0},
    )
    x = serializers.IntegerField(
        min_value=-(2**62),
        max_value=2**62,
        help_text='The column, from the left.',
        style={'example': 0},
    )
    y = serializers.IntegerField(
        min_value=-(2**62),
        max_value=2**62,
        help_text='The row, from the top.',
        style={'example': 0},
    )


class TileParameters(PlaceParameters, StyleParameters, FormatParameters):
    """A tile."""


class FrameTileParameters(TileParameters):
    """A tile of a frame that the path names."""

    frame = serializers.IntegerField(
        min_value=0, max_value=2**31, help_text='The frame, from 0.', style={'example': 0}
    )


class CornersParameters(PlaceParameters, SourceParameters):
    """The corners of a tile."""


class TileJSONParameters(StyleParameters, FormatParameters):
    """A TileJSON document and the style of the tiles it names."""

    projection = serializers.CharField(
        required=False,
        max_length=64,
        default='EPSG:3857',
        help_text='The projection of the tiles.',
        style={'example': 'EPSG:3857'},
    )


class ThumbnailParameters(StyleParameters, FormatParameters):
    """A thumbnail."""

    max_width = _number(min_value=1, default=256, help_text='The largest width in pixels.')
    max_height = _number(min_value=1, default=256, help_text='The largest height in pixels.')


class AssociatedParameters(FormatParameters, SourceParameters):
    """An associated image: a label, a macro, a thumbnail."""

    # Not `name`, which may be the lookup of the viewset.
    associated = serializers.CharField(max_length=256, help_text='The name, from `info/images`.')
    max_width = _number(min_value=1, help_text='The largest width in pixels.')
    max_height = _number(min_value=1, help_text='The largest height in pixels.')


_UNITS = (
    'What the numbers mean: pixels, fraction (0 to 1), mm (um, cm, m, ...), projection (the '
    'coordinates of the map shown), or a projection such as EPSG:4326.'
)


class RegionParameters(StyleParameters, FormatParameters):
    """A region."""

    left = FiniteField(help_text='The left edge.', style={'example': 0})
    right = FiniteField(help_text='The right edge.', style={'example': 256})
    top = FiniteField(help_text='The top edge.', style={'example': 0})
    bottom = FiniteField(help_text='The bottom edge.', style={'example': 256})
    units = serializers.CharField(
        required=False,
        max_length=64,
        help_text=f'{_UNITS} Default: EPSG:4326 for geospatial images, else pixels.',
        style={'example': 'pixels'},
    )
    width = _number(min_value=1, help_text='The largest width of the result in pixels.')
    height = _number(min_value=1, help_text='The largest height of the result in pixels.')


class PixelParameters(StyleParameters):
    """One pixel."""

    left = FiniteField(help_text='The horizontal position.', style={'example': 10})
    top = FiniteField(help_text='The vertical position.', style={'example': 10})
    units = serializers.CharField(
        required=False,
        max_length=64,
        default='pixels',
        help_text=_UNITS,
        style={'example': 'pixels'},
    )


class BandParameters(SourceParameters):
    """One band."""

    band = _number(min_value=1, default=1, help_text='The band, counted from 1.')
    frame = _number(min_value=0, help_text='The frame, counted from 0.')


class HistogramParameters(SourceParameters):
    """A histogram."""

    bins = _number(min_value=1, default=256, help_text='How many bins.')
    onlyMinMax = FlagField(default=False, help_text='Give the extremes only, without bins.')  # noqa: N815
    density = FlagField(default=False, help_text='Give shares of all samples instead of counts.')
    range = serializers.CharField(
        required=False,
        max_length=64,
        help_text='The edges of the histogram as two numbers with a comma between them; `round` '
        'makes the edges whole numbers.',
        style={'example': '0,255'},
    )
    band = _number(min_value=1, help_text='Only this band, counted from 1.')
    frame = _number(min_value=0, help_text='The frame, counted from 0.')
    exact = FlagField(default=False, help_text='Read every sample instead of an overview.')

    def validate_bins(self, value: int) -> int:
        """Return no more bins than the settings allow."""
        if value > settings.MAX_BINS:
            raise serializers.ValidationError(f'At most {settings.MAX_BINS} bins.')
        return value

    def validate_range(self, value: str) -> tuple[float, float] | str:
        """Return the two edges, or `round`."""
        if value == 'round':
            return value
        try:
            low, high = map(float, value.split(','))
        except ValueError:
            raise serializers.ValidationError('Two numbers with a comma are required.') from None
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise serializers.ValidationError('The first edge has to be less than the second.')
        return low, high


class COGParameters(SourceParameters):
    """A check of the file's layout."""

    strict = FlagField(default=False, help_text='Count warnings as errors.')
