"""One viewset per hook."""

from pathlib import Path

from django.http import Http404
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from django_large_image import tilesource
from django_large_image.rest import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
)
from gallery.models import Image
from gallery.viewsets import ImageSerializer

MAPS = {'relief': Path('maps/relief.tif')}


# [path]
class MapViewSet(LargeImageMixin, viewsets.ViewSet):
    """No model: `maps/tiles/0/0/0.png?map=relief`."""

    def get_path(self, request, pk=None):
        try:
            return MAPS[request.query_params.get('map', '')]
        except KeyError:
            raise Http404 from None


# [/path]
# [detail]
class ScanViewSet(LargeImageDetailMixin, viewsets.GenericViewSet):
    """The files lie beside the database; `get_object()` still decides who may see one."""

    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    folder = Path('scans')

    def get_path(self, request, pk=None):
        return self.folder / f'{self.get_object().pk}.tif'


# [/detail]
# [style]
class ElevationViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Terrain colours, unless the client asks for others."""

    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'

    def get_style(self, request):
        terrain = {'band': 1, 'palette': 'terrain', 'min': 0, 'max': 4000}
        return super().get_style(request) or terrain


# [/style]
# [source]
class CentreViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """An action of its own beside the others: `images/1/centre/`."""

    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'

    @action(detail=True)
    def centre(self, request, pk=None):
        source = self.get_tile_source(request, pk, style=False)
        bounds = tilesource.get_bounds(source)
        if bounds is None:
            return Response({'centre': None})
        x, y = (bounds['xmin'] + bounds['xmax']) / 2, (bounds['ymin'] + bounds['ymax']) / 2
        return Response({'centre': [x, y]})


# [/source]
# [vary]
class DraftViewSet(LargeImageFileDetailMixin, viewsets.GenericViewSet):
    """Staff see the image as it is, others in grey; caches have to know of that."""

    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'

    def get_style(self, request):
        return super().get_style(request) if request.user.is_staff else {'band': 1}

    def get_cache_vary(self, request):
        return request.user.is_staff


# [/vary]
