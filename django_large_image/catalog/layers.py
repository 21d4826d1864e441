"""What a map can show of a catalogue: one dataset, three as red, green and blue, or a formula."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, QueryDict

from django_large_image.catalog import looks
from django_large_image.catalog.keys import values_of
from django_large_image.catalog.looks import Look, Measured
from django_large_image.catalog.mosaics import Selection
from django_large_image.catalog.parameters import (
    ComputeParameters,
    RGBParameters,
    SinglebandParameters,
    SizeParameters,
)
from django_large_image.catalog.schema import Schema, tried
from django_large_image.conf import settings
from django_large_image.exceptions import ParameterError
from django_large_image.rest.asked import MAX_REMEMBERED, query_string

_NUMBERED = re.compile('v[1-5]')


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of picture: its name in URLs, its parameters, and how they become a look.

    `bands` returns the values of the key that the path leaves out, from the parameters and all that
    the query says; None where the path names all keys.
    """

    name: str
    title: str
    table: type[SizeParameters]
    look: Callable[[Any, Measured], Look]
    bands: Callable[[Any, Mapping[str, str]], tuple[str, ...]] | None = None

    def query(self, given: Mapping[str, str]) -> Any:
        """Return the validated parameters; raises DRF's `ValidationError`."""
        return self.table.parse(given)

    def asked(self, request: HttpRequest) -> tuple[Any, Mapping[str, str]]:
        """Return the parameters of a request, and all that its query says; tiles of one look share
        them.
        """
        text = query_string(request)
        if len(text) > MAX_REMEMBERED or not text.isascii():
            return self.query(request.GET), request.GET
        return _remembered(self, text, request.encoding, settings.fingerprint())

    def select(self, slug: str, path: str, query: Any, given: Mapping[str, str]) -> Selection:
        """Return the datasets that a path of values and the parameters name.

        Raises `MissingError` for an unknown catalogue, `ParameterError` for anything else.
        """

        def selected(schema: Schema) -> Selection:
            values: list[Any] = [*values_of(path, len(schema.keys) - (self.bands is not None))]
            if self.bands is not None:
                names = [key.name for key in schema.keys]
                place = names.index(schema.key(query.key).name) if query.key else len(names) - 1
                values.insert(place, self.bands(query, given))
            schema.count(values)
            return Selection(slug, tuple(values), ascending=query.rule == 'last')

        return tried(slug, selected)


@lru_cache(maxsize=1024)
def _remembered(
    layer: Layer, text: str, encoding: str | None, settings_in_force: str
) -> tuple[Any, Mapping[str, str]]:
    given = QueryDict(text, encoding=encoding)
    return layer.query(given), given


def _rgb_bands(query: Any, given: Mapping[str, str]) -> tuple[str, ...]:
    return query.r, query.g, query.b


def _variables(query: Any, given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that the names of an expression stand for: as the query says, else they are
    the values themselves.
    """
    names = query.expression.names
    if len(names) > settings.MAX_BANDS:
        raise ParameterError(f'At most {settings.MAX_BANDS} datasets can be combined.')
    for name in names:
        if name not in given and _NUMBERED.fullmatch(name):
            raise ParameterError(f'The expression uses {name}, which the query does not say.')
    return tuple(given.get(name, name) for name in names)


SINGLEBAND = Layer('singleband', 'One dataset', SinglebandParameters, looks.singleband)
RGB = Layer('rgb', 'Three datasets as red, green and blue', RGBParameters, looks.rgb, _rgb_bands)
COMPUTE = Layer('compute', 'A formula over datasets', ComputeParameters, looks.compute, _variables)
LAYERS = (SINGLEBAND, RGB, COMPUTE)
