"""Pictures of datasets over HTTP: tiles, previews, and the TileJSON that names the tiles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_yasg import openapi
from drf_yasg.inspectors import SwaggerAutoSchema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image import cache
from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.layers import SINGLEBAND, Layer
from django_large_image.catalog.looks import Look
from django_large_image.catalog.mosaics import MAX_DATASETS, MERCATOR, Band, Selection
from django_large_image.catalog.openapi import ERRORS
from django_large_image.catalog.places import Tile, window_round
from django_large_image.conf import settings
from django_large_image.exceptions import ReplacedError
from django_large_image.metrics import stage
from django_large_image.pixels.formats import FORMATS, EncodeOptions, Format, get_format
from django_large_image.pixels.picture import BlankPicture, Picture
from django_large_image.pixels.raster import Size
from django_large_image.pixels.samples import Rule
from django_large_image.rest.openapi import parameters_of
from django_large_image.rest.responses import finish, make_etag, not_modified
from django_large_image.sources.boxes import Window
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.tile_matrix import MAX_ZOOM, get_tile_matrix

# What tells a client that a mosaic is not complete.
NOTICE = 'X-Large-Image-Notice'
_INCOMPLETE = (
    f'Only {MAX_DATASETS} of the datasets that lie here are shown: ask for a deeper level, or for '
    'fewer of them.'
)


class LayerSchema(SwaggerAutoSchema):  # type: ignore[misc]
    """OpenAPI of the pictures of a layer."""

    def get_query_parameters(self) -> list[openapi.Parameter]:
        """Return the parameters of the layer."""
        return list(parameters_of(self.view.layer.table))

    def get_summary_and_description(self) -> tuple[str, str]:
        """Return the title of the layer, and what the view says of itself."""
        return f'{self.view.layer.title}: {self.view.title}', self.view.get.__doc__

    def get_default_responses(self) -> OrderedDict[str, Any]:
        """Return what may be answered."""
        answer = openapi.Schema(type=self.view.answer)
        return OrderedDict({'200': openapi.Response(self.view.title, answer), **ERRORS})

    def get_produces(self) -> list[str]:
        """Return the media types."""
        if self.view.answer != openapi.TYPE_FILE:
            return [JSONRenderer.media_type]
        return list(dict.fromkeys(output.media_type for output in FORMATS.values()))


class LayerView(CatalogView):
    """What all pictures of one kind of layer have in common."""

    swagger_schema = LayerSchema
    layer: Layer = SINGLEBAND
    title = ''
    answer = openapi.TYPE_FILE

    def select(self, request: Request, catalog: str, keys: str) -> tuple[Any, Selection]:
        """Return the parameters of a request, and which datasets it names."""
        with stage('parse'):
            query, given = self.layer.asked(request._request)
            return query, self.layer.select(catalog, keys, query, given)

    def show(
        self,
        query: Any,
        selection: Selection,
        bands: Sequence[Band],
        window: Window | None,
    ) -> HttpResponseBase:
        """Return a window (xmin, ymin, xmax, ymax) of the web map, None for one that is off it."""
        request: Request = self.request
        output = get_format(self.kwargs['fmt'])
        look = self.layer.look(query, partial(selection.measured, bands))
        size = query.tile_size or (settings.TILE_SIZE, settings.TILE_SIZE)
        identity = _identity(bands, (self.layer.name, output.name), look, size, window, query)
        etag = make_etag(*identity) if identity is not None else None
        response = not_modified(request, etag)
        if response is None:
            make = partial(_encoded, bands, look, size, window, query, output)
            keep = identity is not None and settings.TILE_CACHE
            body = cache.get_or_make(cache.make_key(*identity), make) if keep else make()  # type: ignore[misc]
            response = HttpResponse(body, content_type=output.media_type)
        if any(band.more for band in bands):
            response[NOTICE] = _INCOMPLETE
        return finish(response, self, etag)


class TileView(LayerView):
    """Tiles of the web map."""

    title = 'a tile'

    def get(
        self, request: Request, catalog: str, z: str, x: str, y: str, fmt: str, keys: str = ''
    ) -> HttpResponseBase:
        """Return the tile at level z, column x and row y, transparent where nothing lies."""
        query, selection = self.select(request, catalog, keys)
        tile = Tile.parse(z, x, y)

        def answer() -> HttpResponseBase:
            with stage('lookup'):
                bands = selection.bands(tile.degrees) if tile.there else selection.bands()
            return self.show(query, selection, bands, tile.window if tile.there else None)

        return _twice(answer)


class PreviewView(LayerView):
    """Pictures of whole datasets."""

    title = 'a preview'

    def get(self, request: Request, catalog: str, fmt: str, keys: str = '') -> HttpResponseBase:
        """Return all of what the path names, as it lies on the web map."""
        query, selection = self.select(request, catalog, keys)

        def answer() -> HttpResponseBase:
            bands = selection.bands()
            size = query.tile_size or (settings.TILE_SIZE, settings.TILE_SIZE)
            window = window_round(selection.bounds(bands), size)
            return self.show(query, selection, bands, window)

        return _twice(answer)


class TileJSONView(LayerView):
    """Descriptions of tiles that map libraries load."""

    title = 'TileJSON'
    answer = openapi.TYPE_OBJECT

    def get(self, request: Request, catalog: str, keys: str = '') -> HttpResponseBase:
        """Return TileJSON 3.0 of the tiles that the path names, in the look of the query."""
        query, selection = self.select(request, catalog, keys)
        bands = selection.bands()
        # Whatever is wrong with the look is said here, not by every tile.
        self.layer.look(query, partial(selection.measured, bands))
        west, south, east, north = selection.bounds(bands)
        named = (value for value in selection.values if isinstance(value, str))
        crosses = east > 180
        deepest = _deepest(bands)
        center = ((west + east) / 2 + 180) % 360 - 180, (south + north) / 2
        return Response(
            {
                'tilejson': '3.0.0',
                'name': '/'.join((catalog, *named)),
                'scheme': 'xyz',
                'tiles': [_tiles_url(request)],
                # TileJSON's bounds must not wrap round the antimeridian.
                'bounds': [-180.0 if crosses else west, south, 180.0 if crosses else east, north],
                'center': [*center, max(0, deepest - 3)],
                'minzoom': 0,
                'maxzoom': deepest,
            }
        )


def _identity(
    bands: Sequence[Band],
    names: tuple[str, str],
    look: Look,
    size: Size,
    window: Window | None,
    query: Any,
) -> tuple[object, ...] | None:
    """Return what decides the bytes of a picture; None where the version of a file is unknown."""
    found = [band.identity for band in bands]
    if any(identity is None for identity in found):
        return None
    how = (size, window, query.rule, query.resampling)
    return ('catalog', names, found, look, *how, settings.fingerprint())


def _encoded(
    bands: Sequence[Band],
    look: Look,
    size: Size,
    window: Window | None,
    query: Any,
    output: Format,
) -> bytes:
    picture: Picture = BlankPicture(size[1], size[0])
    if window is not None:
        # The last one comes first then.
        rule: Rule = 'first' if query.rule == 'last' else query.rule
        resampling = 'nearest' if look.nearest else query.resampling
        with stage('read'):
            samples = [band.read(window, size, rule, resampling) for band in bands]
        with stage('style'):
            picture = look.picture(samples)
    with stage('encode'):
        return output.encode(picture, EncodeOptions(quality=settings.QUALITY))


def _twice(answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return an answer, asked for once more where a file was replaced while it was read."""
    try:
        return answer()
    except ReplacedError:
        return answer()


def _deepest(bands: Sequence[Band]) -> int:
    """Return the first level that shows the first dataset in full."""
    matrix = get_tile_matrix(MERCATOR)
    levels = [1]
    for band in bands:
        for _, reference in band.datasets[:1]:
            reader = reader_of(open_source(reference, projection=MERCATOR))
            if isinstance(reader, RasterTileSource):
                levels.append(reader.levels_in(matrix))
    return min(MAX_ZOOM, max(levels) - 1)


def _tiles_url(request: Request) -> str:
    """Return the absolute URL of the tiles beside a TileJSON, with places for z, x and y."""
    path, mark, query = str(request.build_absolute_uri()).partition('?')
    return f'{path.removesuffix("tilejson.json")}{{z}}/{{x}}/{{y}}.png{mark}{query}'
