"""Legends: which value has which colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image.catalog import looks
from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.layers import SINGLEBAND
from django_large_image.catalog.looks import Gray
from django_large_image.catalog.openapi import documented
from django_large_image.catalog.parameters import LegendParameters
from django_large_image.pixels.categories import Categories
from django_large_image.pixels.stretch import Stretch
from django_large_image.rest.openapi import json_object, parameters_of


class LegendView(CatalogView):
    """The colours of values: of a stretch, or with the keys of a dataset as it is shown."""

    @documented('A legend', json_object(colormap='array'), *parameters_of(LegendParameters))
    def get(self, request: Request, catalog: str, keys: str = '') -> Response:
        """Return `{"colormap": [{"value", "rgba"}]}`, of categories with their names."""
        query = LegendParameters.parse(request.query_params)
        look = _look(query) if not keys else self._look_of(request, catalog, keys)
        if isinstance(look.scale, Categories):
            return Response({'colormap': _categories(look.scale)})
        return Response({'colormap': _steps(look, look.scale, query.num_values)})

    def _look_of(self, request: Request, catalog: str, keys: str) -> Gray:
        given = request.query_params
        shown = SINGLEBAND.query(given)
        selection = SINGLEBAND.select(catalog, keys, shown, given)
        bands = selection.bands()
        return looks.singleband(shown, lambda band: selection.measured(bands, band))


def _look(query: Any) -> Gray:
    """Return a look that leaves nothing to a dataset; raises DRF's `ValidationError`."""
    if query.explicit_color_map is not None:
        return Gray(query.explicit_color_map)
    low, high = query.stretch_range or (None, None)
    if not isinstance(low, float) or not isinstance(high, float):
        raise serializers.ValidationError({'stretch_range': 'Two numbers are required.'})
    return Gray(Stretch(low, high), query.colormap)


def _steps(look: Gray, scale: Stretch, count: int) -> list[dict[str, Any]]:
    values = np.linspace(scale.low, scale.high, count)
    colors = look.shades[scale.steps(values)]
    return [
        {'value': value, 'rgba': rgba}
        for value, rgba in zip(values.tolist(), colors.tolist(), strict=True)
    ]


def _categories(categories: Categories) -> list[dict[str, Any]]:
    return [
        {
            'value': entry.value,
            'rgba': list(entry.color),
            **({'name': entry.name} if entry.name else {}),
        }
        for entry in categories.entries
    ]
