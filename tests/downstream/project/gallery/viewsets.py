"""The viewsets of 0.10's README, and one that overrides every hook it had."""

from __future__ import annotations

import large_image
from large_image.tilesource.geo import make_vsi
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from django_large_image import tilesource, utilities
from django_large_image.rest import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageVSIFileDetailMixin,
)
from gallery import models


class ImageFileDetailViewSet(
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
    LargeImageFileDetailMixin,
):
    queryset = models.ImageFile.objects.all()
    serializer_class = models.ImageFileSerializer
    FILE_FIELD_NAME = 'file'


class VSIFileDetailViewSet(viewsets.GenericViewSet, LargeImageVSIFileDetailMixin):
    queryset = models.ImageFile.objects.all()
    serializer_class = models.ImageFileSerializer
    FILE_FIELD_NAME = 'file'


class LocalFileDetailViewSet(VSIFileDetailViewSet):
    USE_VSI = False


class URLLargeImageMixin(LargeImageDetailMixin):
    def get_path(self, request, pk=None):
        object = self.get_object()  # noqa: A001
        return make_vsi(object.url)


class URLImageFileDetailViewSet(
    mixins.ListModelMixin,
    viewsets.GenericViewSet,
    URLLargeImageMixin,
):
    queryset = models.URLImageFile.objects.all()
    serializer_class = models.URLImageFileSerializer


class URLLargeImageViewSet(viewsets.ViewSet, LargeImageMixin):
    def get_path(self, request, pk=None):
        url = request.query_params.get('url')
        if not url:
            raise ValidationError('url must be defined as a query parameter.')
        return make_vsi(url)


class HookedViewSet(viewsets.GenericViewSet, LargeImageFileDetailMixin):
    """Each override leaves a trace that a client can see."""

    queryset = models.ImageFile.objects.all()
    serializer_class = models.ImageFileSerializer

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        self.trace = []

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        response['X-Trace'] = ' '.join(sorted(set(getattr(self, 'trace', []))))
        return response

    def get_field_file(self):
        self.trace.append('get_field_file')
        return self.get_object().file

    def get_path(self, request, pk=None):
        self.trace.append('get_path')
        return utilities.field_file_to_local_path(self.get_field_file())

    def get_query_param(self, request, key, default=''):
        self.trace.append('get_query_param')
        if key == 'palette' and 'band' in request.query_params:
            default = 'viridis'
        return super().get_query_param(request, key, default)

    def get_style(self, request):
        self.trace.append('get_style')
        style = super().get_style(request)
        if request.query_params.get('only') == 'red':
            return {'band': 1, 'palette': ['#000', '#f00'], 'min': 0, 'max': 255}
        return style

    def open_tile_source(self, request, path, **kwargs):
        self.trace.append('open_tile_source')
        if request.query_params.get('opener') == 'large_image':
            return large_image.open(str(path), **kwargs)
        return tilesource.get_tilesource_from_path(path, source='gdal', **kwargs)

    def open_image(self, request, path, encoding=None, style=True):
        self.trace.append('open_image')
        return super().open_image(request, path, encoding, style)

    def get_tile_source(self, request, pk=None, encoding=None, style=True):
        self.trace.append('get_tile_source')
        return super().get_tile_source(request, pk, encoding, style)

    # Actions that call super() with the positional arguments of 0.10.

    @action(detail=True, url_path='info/metadata')
    def metadata(self, request, pk=None, **kwargs):
        response = super().metadata(request, pk)
        response.data['licence'] = 'CC0'
        return response

    @action(detail=True, url_path=r'data/thumbnail.(?P<fmt>png|jpeg|jpg)')
    def thumbnail(self, request, pk=None, fmt='png', **kwargs):
        response = super().thumbnail(request, pk, fmt)
        response['X-Overridden'] = 'thumbnail'
        return response

    @action(detail=True, url_path=r'tiles/(?P<z>\d+)/(?P<x>\d+)/(?P<y>\d+).(?P<fmt>png|jpeg|jpg)')
    def tile(self, request, x, y, z, pk=None, fmt='png', **kwargs):
        response = super().tile(request, x, y, z, pk, fmt)
        response['X-Overridden'] = f'tile {z} {x} {y}'
        return response

    @action(detail=True, url_path='data/pixel')
    def pixel(self, request, pk=None, **kwargs):
        response = super().pixel(request, pk)
        response.data['overridden'] = True
        return response

    # Actions of its own on the functions of `tilesource`.

    @action(detail=True)
    def summary(self, request, pk=None):
        source = self.get_tile_source(request, pk, style=False)
        return Response(
            {
                'geospatial': tilesource.is_geospatial(source),
                'bounds': sorted(tilesource.get_bounds(source) or {}),
                'metadata': sorted(tilesource.get_metadata(source)),
                'internal': sorted(tilesource.get_metadata_internal(source)),
                'frames': tilesource.get_frames(source),
                'size': [source.sizeX, source.sizeY],
            }
        )

    @action(detail=True)
    def crop(self, request, pk=None):
        source = self.get_tile_source(request, pk, style=False)
        path, media_type = tilesource.get_region(source, 10, 60, 50, 20, 'pixels', 'PNG')
        content = path.read_bytes()
        path.unlink()
        return Response({'media_type': media_type, 'png': content.startswith(b'\x89PNG')})

    @action(detail=False)
    def words(self, request):
        return Response(
            {
                'suffixes': [name in tilesource.get_formats() for name in ('png', 'jpg', 'tif')],
                'png': tilesource.get_mime_type('png'),
                'encodings': [
                    tilesource.format_to_encoding('tiff'),
                    tilesource.format_to_encoding('tif', True),
                    tilesource.format_to_encoding('jpg'),
                    tilesource.format_to_encoding(None),
                ],
                'nully': [utilities.param_nully(value) for value in ('', 'undefined', 'x', None)],
                'vsi': make_vsi('s3://bucket/key.tif'),
            }
        )
