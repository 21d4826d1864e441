"""Endpoints of the tile pyramid: `tiles/...`."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from django.urls import ResolverMatch, reverse
from rest_framework.request import Request

from django_large_image.exceptions import ParameterError, ProjectionError
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint
from django_large_image.rest.image import RequestedImage
from django_large_image.rest.openapi import json_object
from django_large_image.rest.parameters import (
    CornersParameters,
    FrameTileParameters,
    SourceParameters,
    TileJSONParameters,
    TileParameters,
    is_absent,
)
from django_large_image.sources import metadata
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.stored import stored_tile
from django_large_image.sources.tile_matrix import MAX_ZOOM, get_tile_matrix

_ZXY = '(?P<z>[^/]+)/(?P<x>[^/]+)/(?P<y>[^/]+)'


class TilesActions(ImageHooks):
    """Tiles, their corners, and descriptions of the pyramid."""

    @endpoint(
        'tiles-metadata',
        'tiles/metadata',
        SourceParameters,
        'The tile pyramid',
        answer=json_object(
            levels='integer',
            size_x='integer',
            size_y='integer',
            tile_size='integer',
            geospatial='boolean',
            additional_metadata='object',
        ),
    )
    def tiles_metadata(self, image: RequestedImage, query: Any) -> Any:
        """How many levels there are, and how large the image and its tiles are."""
        return metadata.tiles_information(image.source, image.reference)

    @endpoint(
        'tile', rf'tiles/{_ZXY}\.(?P<fmt>\w+)', TileParameters, 'One tile', cached=True, styled=True
    )
    def tile(self, image: RequestedImage, query: Any) -> Any:
        """The tile at level z, column x and row y; transparent where the image does not reach,
        404 outside.
        """
        reader, place = image.reader, (query.z, query.x, query.y)
        return image.stored(
            lambda frame, name: stored_tile(reader, *place, frame, name)
        ) or image.picture(
            lambda frame, bands: reader.read_tile(
                *place, frame=frame, bands=bands, resampling=query.resample
            )
        )

    @endpoint(
        'tile-zxy',
        f'tiles/zxy/{_ZXY}',
        TileParameters,
        'One tile (older path)',
        cached=True,
        styled=True,
    )
    def tile_zxy(self, image: RequestedImage, query: Any) -> Any:
        """The same as `tiles/{z}/{x}/{y}.{fmt}`, the format as a parameter."""
        return TilesActions.tile(self, image, query)

    @endpoint(
        'tile-fzxy',
        f'tiles/fzxy/(?P<frame>[^/]+)/{_ZXY}',
        FrameTileParameters,
        'One tile of a frame (older path)',
        cached=True,
        styled=True,
    )
    def tile_fzxy(self, image: RequestedImage, query: Any) -> Any:
        """The same as `tiles/{z}/{x}/{y}.{fmt}` with `frame`, the format as a parameter."""
        return TilesActions.tile(self, image, query)

    @endpoint(
        'tile-corners',
        f'tiles/{_ZXY}/corners',
        CornersParameters,
        'The corners of a tile',
        answer=json_object(xmin='number', xmax='number', ymin='number', ymax='number'),
    )
    def tile_corners(self, image: RequestedImage, query: Any) -> Any:
        """The rectangle that a tile covers, in units of the projection shown; 400 for images
        without a map.
        """
        if not image.reader.geospatial:
            raise ParameterError(
                'This image has no place on the map, so its tiles have no corners.'
            )
        if image.reader.matrix is not None:
            image.reader.matrix.bounds(query.z, query.x, query.y)
        elif isinstance(image.reader, RasterTileSource):
            image.reader.pyramid.scale(query.z, query.x, query.y)
        xmin, ymin, xmax, ymax = image.source.getTileCorners(query.z, query.x, query.y)
        return {'xmin': xmin, 'xmax': xmax, 'ymin': ymin, 'ymax': ymax}

    @endpoint(
        'tilejson',
        r'tiles/tilejson\.json',
        TileJSONParameters,
        'TileJSON 3.0',
        answer=json_object(
            tilejson='string',
            tiles='array',
            bounds='array',
            center='array',
            minzoom='integer',
            maxzoom='integer',
        ),
    )
    def tilejson(self, image: RequestedImage, query: Any) -> Any:
        """A description of the tiles in the style asked for that map libraries load; 400 for
        images without a map.
        """
        request, reader = image.request, image.reader
        if not isinstance(reader, RasterTileSource) or not reader.geospatial:
            raise ProjectionError(
                'This image has no place on the map, so there is no TileJSON of it.'
            )
        levels = reader.levels_in(get_tile_matrix(query.projection))
        bounds = metadata.geographic_bounds(image.source)
        west, east = bounds['xmin'], bounds['xmax']
        center = (west + east) / 2
        crosses = east > 180
        given = request.query_params.copy()
        # What hooks look at stays; what is absent or stands in the path goes.
        for name in [name for name in given if name == 'fmt' or is_absent(given[name])]:
            del given[name]
        given['projection'] = query.projection
        return {
            'tilejson': '3.0.0',
            'name': image.reference.name,
            'scheme': 'xyz',
            'tiles': [f'{_tile_url(request, query.fmt)}?{given.urlencode()}'],
            # TileJSON's bounds must not wrap round the antimeridian.
            'bounds': [
                -180.0 if crosses else max(west, -180.0),
                bounds['ymin'],
                180.0 if crosses else min(east, 180.0),
                bounds['ymax'],
            ],
            'center': [
                (center + 180) % 360 - 180,
                (bounds['ymin'] + bounds['ymax']) / 2,
                max(0, levels - 4),
            ],
            'minzoom': 0,
            'maxzoom': min(MAX_ZOOM, levels - 1),
        }


def _tile_url(request: Request, suffix: str) -> str:
    """Return the absolute URL of the tiles beside this endpoint, with places for z, x and y."""
    match = cast(ResolverMatch, request.resolver_match)
    name = match.view_name.removesuffix('tilejson') + 'tile'
    places = {key: f'{{{key}}}' for key in 'zxy'}
    path = reverse(name, kwargs={**match.kwargs, **places, 'fmt': suffix})
    url = str(request.build_absolute_uri(path))
    for place in places.values():
        url = url.replace(quote(place), place)
    return url
