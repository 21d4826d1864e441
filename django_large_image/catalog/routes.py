"""The paths of pictures, legends and points, below the name of a catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.layers import LAYERS
from django_large_image.catalog.legends import LegendView
from django_large_image.catalog.points import PointView
from django_large_image.catalog.tiles import PreviewView, TileJSONView, TileView

# A path, its view with attributes, and its name.
Route = tuple[str, type[CatalogView], dict[str, Any], str]

_PICTURES: tuple[tuple[str, str, type[CatalogView]], ...] = (
    ('tile', '<int:z>/<int:x>/<int:y>.<str:fmt>', TileView),
    ('preview', 'preview.<str:fmt>', PreviewView),
    ('tilejson', 'tilejson.json', TileJSONView),
)


def picture_routes() -> Iterator[Route]:
    """Yield the routes of all layers, and of what is told of their values."""
    for layer in LAYERS:
        # Where the path leaves out the only key, it names none.
        for keys in ('', '<path:keys>/') if layer.bands is not None else ('<path:keys>/',):
            for name, end, view in _PICTURES:
                yield f'{layer.name}/{keys}{end}', view, {'layer': layer}, f'{layer.name}-{name}'
    for name in ('colormap', 'legend'):
        yield name, LegendView, {}, name
        yield f'{name}/<path:keys>', LegendView, {}, f'{name}-of'
    yield 'point/<path:keys>', PointView, {}, 'point'
