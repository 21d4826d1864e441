"""The parameters of pictures of datasets, each validated and documented by one serializer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from django_large_image.catalog.keys import MAX_LENGTH
from django_large_image.conf import settings
from django_large_image.exceptions import ParameterError
from django_large_image.pixels.adjustment import ColorTransform
from django_large_image.pixels.categories import Categories
from django_large_image.pixels.colormap import colormap
from django_large_image.pixels.expression import Expression
from django_large_image.pixels.stretch import STEPS
from django_large_image.rest.parameters import FiniteField, Parameters
from django_large_image.sources.reading import RESAMPLINGS

# Pixels along a side of a tile.
MAX_SIDE = 2048
MAX_VALUES = 4096
# Files that are opened for one answer.
MAX_POINTS = 200
# How many nodes of an expression are computed in all pixels together.
MAX_COST = 1 << 25
RULES = ('first', 'last', 'min', 'max', 'mean')
EXPLICIT = 'explicit'
# Characters of one parameter.
_LONGEST = 65536


@dataclass(frozen=True, slots=True)
class Percentile:
    """The end of a stretch below which so many percent of the samples lie."""

    percent: int


End = float | Percentile | None
Ends = tuple[End, End]
WHOLE: Ends = (None, None)


class JSONText(serializers.CharField):
    """JSON in a query; subclasses say of what."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the value; raises a validation error for what is no JSON."""
        try:
            return json.loads(_short(super().to_internal_value(data)))
        except (ValueError, RecursionError):
            raise serializers.ValidationError('This is not valid JSON.') from None


class EndsField(JSONText):
    """The two ends of a stretch."""

    def to_internal_value(self, data: Any) -> Any:
        """Return two numbers, percentiles or None; raises a validation error for anything else."""
        value = super().to_internal_value(data)
        if not isinstance(value, list) or len(value) != 2:
            raise serializers.ValidationError('Two ends are required: [low, high].')
        low, high = map(_end, value)
        check_order(low, high)
        return low, high


class TileSizeField(JSONText):
    """The width and height of a picture."""

    def to_internal_value(self, data: Any) -> Any:
        """Return two whole numbers; raises a validation error for anything else."""
        value = super().to_internal_value(data)
        whole = isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)
        if not whole or not all(1 <= side <= MAX_SIDE for side in value):
            raise serializers.ValidationError(
                f'Two whole numbers from 1 to {MAX_SIDE} are required: [width, height].'
            )
        width, height = value
        if width * height > settings.MAX_OUTPUT_PIXELS:
            raise serializers.ValidationError(
                f'At most {settings.MAX_OUTPUT_PIXELS} pixels are allowed.'
            )
        return width, height


class ParsedField(serializers.CharField):
    """Text that one of our own readers understands."""

    def __init__(self, reader: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader = reader

    def to_internal_value(self, data: Any) -> Any:
        """Return what is read; raises a validation error with what the reader says."""
        try:
            return self._reader(_short(super().to_internal_value(data)))
        except ParameterError as error:
            raise serializers.ValidationError(error.detail) from None


def _short(text: str) -> str:
    """Return a text that is worth reading; raises a validation error for a longer one."""
    if len(text) > _LONGEST:
        raise serializers.ValidationError('This is too long.')
    return text


def check_order(low: End, high: End) -> None:
    """Raise a validation error for two ends of a kind, the first of which is the greater."""
    ends = [end.percent if isinstance(end, Percentile) else end for end in (low, high)]
    if None not in ends and type(low) is type(high) and ends[0] > ends[1]:  # type: ignore[operator]
        raise serializers.ValidationError('The lower end must not be above the upper one.')


def _end(value: object) -> End:
    if value is None:
        return None
    if isinstance(value, str) and value[:1] == 'p' and value[1:].isascii() and len(value) <= 4:
        if value[1:].isdigit() and int(value[1:]) <= 100:
            return Percentile(int(value[1:]))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # An integer of JSON may be longer than any float.
        number = float(value) if abs(value) < 1e300 else math.inf
        if math.isfinite(number):
            return number
    raise serializers.ValidationError('An end is a number, null, or a percentile from p0 to p100.')


def _known(name: str) -> str:
    """Return the name of a colour map that is there; raises `StyleError`."""
    if name != EXPLICIT:
        colormap(name)
    return name


def _ends_field(what: str, **options: Any) -> EndsField:
    return EndsField(
        help_text=f'{what} as [low, high]: numbers, null for the least or greatest value, or '
        'percentiles such as "p2".',
        style={'example': '["p2","p98"]'},
        **{'required': False, **options},
    )


def _colormap_field() -> ParsedField:
    return ParsedField(
        _known,
        required=False,
        help_text='A colour map of matplotlib or palettable, or `explicit` for that of '
        '`explicit_color_map`, without which it is that of the dataset itself. Absent: grey.',
        style={'example': 'viridis'},
    )


def _categories_field() -> ParsedField:
    return ParsedField(
        Categories.parse,
        required=False,
        help_text='Colours by value, as JSON: an object, or a list of pairs of a value, or of the '
        'two ends of a range, and a colour.',
        style={'example': '{"1": "ff0000", "[2,5]": [0, 0, 255]}'},
    )


class SizeParameters(Parameters):
    """What all pictures have in common."""

    tile_size = TileSizeField(
        required=False,
        help_text=f'[width, height] in pixels, up to {MAX_SIDE} (default: the setting TILE_SIZE).',
        style={'example': '[256,256]'},
    )
    resampling = serializers.ChoiceField(
        required=False,
        choices=list(RESAMPLINGS),
        help_text='How samples are interpolated (default: the setting RESAMPLING; categories '
        'always nearest).',
    )
    rule = serializers.ChoiceField(
        required=False,
        choices=RULES,
        default='first',
        help_text='What a pixel is where several datasets lie, as keys are left open by `*`: the '
        'newest one, the oldest, or the least, greatest or mean value.',
    )


class SinglebandParameters(SizeParameters):
    """One dataset."""

    stretch_range = _ends_field('The values of the first and the last colour')
    colormap = _colormap_field()
    explicit_color_map = _categories_field()
    color_transform = ParsedField(
        lambda text: ColorTransform.parse(text, 1),
        required=False,
        help_text='gamma and sigmoidal, of band 1.',
        style={'example': 'gamma 1 1.5, sigmoidal 1 15 0.5'},
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raises a validation error for a colour map that nothing asks for."""
        if attrs.get('explicit_color_map') and attrs.get('colormap') != EXPLICIT:
            raise serializers.ValidationError(
                {'explicit_color_map': 'It is for colormap=explicit only.'}
            )
        return attrs


class CombinedParameters(SizeParameters):
    """Several datasets that differ in one key."""

    key = serializers.CharField(
        required=False,
        max_length=63,
        help_text='The key in which the datasets differ, which the path leaves out (default: the '
        'last one).',
    )


def _value_field(what: str, *, required: bool = True) -> serializers.CharField:
    return serializers.CharField(
        required=required,
        max_length=MAX_LENGTH,
        trim_whitespace=False,
        help_text=f'The value of the key for {what}.',
    )


class RGBParameters(CombinedParameters):
    """Three datasets as red, green and blue."""

    r = _value_field('red')
    g = _value_field('green')
    b = _value_field('blue')
    r_range = _ends_field('The least and the most of red')
    g_range = _ends_field('The least and the most of green')
    b_range = _ends_field('The least and the most of blue')
    color_transform = ParsedField(
        lambda text: ColorTransform.parse(text, 3),
        required=False,
        help_text='gamma and sigmoidal of some of r, g and b, and saturation.',
        style={'example': 'gamma rgb 1.8, sigmoidal rgb 10 0.35, saturation 1.2'},
    )


class ComputeParameters(CombinedParameters):
    """A formula over datasets."""

    expression = ParsedField(
        Expression.parse,
        help_text='A formula. Its names are those of parameters, `v1` to `v5` or any others, whose '
        'values are values of the key; or values of the key themselves.',
        style={'example': '(v1 - v2) / (v1 + v2)'},
    )
    stretch_range = EndsField(
        help_text='The results of the first and the last colour as [low, high].',
        style={'example': '[-1,1]'},
    )
    colormap = _colormap_field()
    explicit_color_map = _categories_field()
    v1, v2, v3, v4, v5 = (_value_field(f'v{number}', required=False) for number in range(1, 6))

    def validate_stretch_range(self, value: Ends) -> Ends:
        """Return two numbers, the first the lesser: nothing is known of results."""
        low, high = value
        if not isinstance(low, float) or not isinstance(high, float) or low >= high:
            raise serializers.ValidationError('Two numbers are required, the first the lesser.')
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raises a validation error for what takes too long, or has no
        colours.
        """
        width, height = attrs.get('tile_size') or (settings.TILE_SIZE, settings.TILE_SIZE)
        if attrs['expression'].cost * width * height > MAX_COST:
            raise serializers.ValidationError(
                {'expression': 'It is too long for a picture of this size.'}
            )
        if (attrs.get('colormap') == EXPLICIT) != bool(attrs.get('explicit_color_map')):
            raise serializers.ValidationError(
                {'explicit_color_map': 'It goes with colormap=explicit.'}
            )
        return attrs


class LegendParameters(Parameters):
    """A legend."""

    stretch_range = _ends_field('The values of the first and the last colour')
    colormap = _colormap_field()
    explicit_color_map = _categories_field()
    num_values = serializers.IntegerField(
        required=False,
        default=STEPS,
        min_value=1,
        max_value=MAX_VALUES,
        help_text='How many values, evenly between the ends.',
    )


class PointParameters(Parameters):
    """A point."""

    lon = FiniteField(min_value=-360, max_value=360, help_text='Degrees east.')
    lat = FiniteField(min_value=-90, max_value=90, help_text='Degrees north.')
    limit = serializers.IntegerField(
        required=False,
        default=100,
        min_value=1,
        max_value=MAX_POINTS,
        help_text=f'How many datasets, up to {MAX_POINTS}.',
    )
    page = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1_000_000, help_text='From 0.'
    )
