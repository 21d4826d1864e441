"""The parameters of frames, each validated and documented by one serializer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from django_large_image.depth.interpolation import MODES
from django_large_image.depth.models import DepthImage
from django_large_image.exceptions import ParameterError
from django_large_image.rest.parameters import FiniteField, FormatParameters, Parameters

_MAX_COLORMAP = 8192
_MAX_SIDE = 2**31
# Characters of what is echoed.
_SHOWN = 40


class DepthField(FiniteField):
    """A depth; what is none stays text until the image says which depths it has."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the number, or the text that is none."""
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError:
            return str(data)


class RangeParameters(Parameters):
    """Which depths of an image."""

    depth_min = DepthField(
        required=False,
        help_text='The least depth (default: that of the image). Rows on it are included.',
        style={'example': 9000},
    )
    depth_max = DepthField(
        required=False,
        help_text='The greatest depth (default: that of the image). Rows on it are included.',
        style={'example': 9500},
    )


def _side(what: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, min_value=1, max_value=_MAX_SIDE, help_text=what
    )


class FrameParameters(RangeParameters, FormatParameters):
    """A frame."""

    colormap = serializers.CharField(
        required=False,
        max_length=_MAX_COLORMAP,
        help_text='A colour map that is stored here, one of matplotlib or palettable, or stops as '
        'JSON: a list of [position from 0 to 1, color]. Absent: grey.',
        style={'example': 'viridis'},
    )
    min = FiniteField(
        required=False,
        help_text='The value of the first colour (default: the least value of the image).',
    )
    max = FiniteField(
        required=False,
        help_text='The value of the last colour (default: the greatest value of the image).',
    )
    width = _side('The width in pixels (default: that of the image).')
    height = _side(
        'At most so many rows, each the mean of a few neighbours where there are more. Absent: one '
        'row per depth.'
    )
    interpolation = serializers.ChoiceField(
        required=False,
        choices=list(MODES),
        help_text='How rows are made wider or narrower (default: as when they were loaded).',
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values; raises a validation error where the colours run backwards."""
        low, high = attrs.get('min'), attrs.get('max')
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError('`min` must not be above `max`.')
        return attrs


class DepthsParameters(RangeParameters):
    """The depths of rows."""

    height = FrameParameters._declared_fields['height']


def depth_range(query: Any, image: DepthImage) -> tuple[float, float]:
    """Return the ends of the range that is asked for, those of the image where they are left out.

    Raises `ParameterError` with the depths of the image for a range that is reversed, outside of
    the image, or no numbers.
    """
    known = f'the depths of this image are {image.depth_min:.10g} to {image.depth_max:.10g}.'
    for name in ('depth_min', 'depth_max'):
        said = getattr(query, name)
        if isinstance(said, str):
            raise ParameterError(f'`{name}` is no number: {said[:_SHOWN]!r}; {known}')
    low = image.depth_min if query.depth_min is None else query.depth_min
    high = image.depth_max if query.depth_max is None else query.depth_max
    if low > image.depth_max:
        raise ParameterError(f'`depth_min` {low:.10g} is outside: {known}')
    if high < image.depth_min:
        raise ParameterError(f'`depth_max` {high:.10g} is outside: {known}')
    if low > high:
        raise ParameterError(
            f'The range is reversed: `depth_min` {low:.10g} is above `depth_max` {high:.10g}; '
            f'{known}'
        )
    return low, high
