"""Depth images and colour maps as the REST interface reads and writes them."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from django_large_image.depth import colormaps
from django_large_image.depth.interpolation import MODES
from django_large_image.depth.models import Colormap, DepthImage
from django_large_image.exceptions import StyleError

_NAME = RegexValidator(r'^[\w .-]+\Z', 'A name has letters, digits, spaces, `.`, `_` and `-`.')


class DepthImageSerializer(serializers.ModelSerializer[DepthImage]):
    """What is known of a depth image."""

    class Meta:
        model = DepthImage
        fields = (
            *('id', 'name', 'width', 'source_width', 'interpolation', 'rows'),
            *('depth_min', 'depth_max', 'step', 'minimum', 'maximum', 'mean', 'stdev'),
            *('dropped', 'created'),
        )


class UploadSerializer(serializers.Serializer[Any]):
    """A measured log that is to be loaded."""

    file = serializers.FileField(
        help_text='A table with a row for each depth: the depth, then its values.'
    )
    name = serializers.CharField(
        required=False, max_length=200, help_text='Default: the name of the file.'
    )
    width = serializers.IntegerField(
        required=False, min_value=1, help_text='The number of columns that are stored.'
    )
    interpolation = serializers.ChoiceField(
        required=False, choices=list(MODES), help_text='How rows are made wider or narrower.'
    )


class ColormapSerializer(serializers.ModelSerializer[Colormap]):
    """A colour map: stops `[position from 0 to 1, color]`."""

    class Meta:
        model = Colormap
        fields = ('name', 'stops')

    def validate_name(self, value: str) -> str:
        """Return the name; raises a validation error for one that URLs cannot carry."""
        _NAME(value)
        return value

    def validate_stops(self, value: Any) -> Any:
        """Return the stops; raises a validation error for what is no colour map."""
        try:
            colormaps.parse_stops(value)
        except StyleError as error:
            raise serializers.ValidationError(error.detail) from None
        return value
