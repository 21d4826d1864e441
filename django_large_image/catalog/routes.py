"""The paths below the name of a catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import register_converter
from django.urls.converters import StringConverter

from django_large_image.catalog import views
from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.layers import LAYERS
from django_large_image.catalog.legends import LegendView
from django_large_image.catalog.pages import PageView
from django_large_image.catalog.points import PointView
from django_large_image.catalog.tiles import PreviewView, TileJSONView, TileView

# A path, its view with attributes, and its name.
Route = tuple[str, type[CatalogView], dict[str, Any], str]


class NumberConverter(StringConverter):
    """Numbers, those too that nothing has: the view says what is wrong with them."""

    regex = r'-?[0-9]+(?:\.[0-9]+)?'


class AnythingConverter(StringConverter):
    """Whatever there is, line breaks included."""

    regex = '(?s:.+)'


register_converter(NumberConverter, 'large_image_number')
register_converter(AnythingConverter, 'large_image_anything')

_N = 'large_image_number'
_PICTURES: tuple[tuple[str, str, type[CatalogView]], ...] = (
    ('tile', f'<{_N}:z>/<{_N}:x>/<{_N}:y>.<str:fmt>', TileView),
    ('preview', 'preview.<str:fmt>', PreviewView),
    ('tilejson', 'tilejson.json', TileJSONView),
)


def routes() -> Iterator[Route]:
    """Yield the routes of the page and of all that it, and others, may ask for."""
    yield '', PageView, {}, 'page'
    yield 'keys', views.KeysView, {}, 'keys'
    yield 'datasets', views.DatasetsView, {}, 'datasets'
    yield 'metadata', views.ManyMetadataView, {}, 'metadata-list'
    yield 'metadata/<path:keys>', views.MetadataView, {}, 'metadata'
    for layer in LAYERS:
        # Where the path leaves out the only key, it names none.
        for keys in ('', '<path:keys>/') if layer.bands is not None else ('<path:keys>/',):
            for name, end, view in _PICTURES:
                yield f'{layer.name}/{keys}{end}', view, {'layer': layer}, f'{layer.name}-{name}'
    for name in ('colormap', 'legend'):
        yield name, LegendView, {}, name
        yield f'{name}/<path:keys>', LegendView, {}, f'{name}-of'
    yield 'point/<path:keys>', PointView, {}, 'point'
