"""The viewset, and the addresses of it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path
from project.models import Raster
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from django_large_image.rest import LargeImageFileDetailMixin

try:
    from django_large_image.iiif import IIIFMixin, IIIFRouter
except ImportError:
    # The predecessor has none.
    class IIIFMixin:
        pass

    IIIFRouter = None


class RasterViewSet(IIIFMixin, LargeImageFileDetailMixin, GenericViewSet):
    """Anyone reads; row and permission are looked up for each request."""

    queryset = Raster.objects.all()
    permission_classes = [IsAuthenticatedOrReadOnly]
    FILE_FIELD_NAME = 'file'

    @action(detail=True)
    def empty(self, request: Request, pk: str) -> HttpResponse:
        """What an answer costs that has no image: permission and lookup only."""
        self.get_object()
        return HttpResponse(b'', content_type='image/png')


router = SimpleRouter(trailing_slash=False)
router.register('rasters', RasterViewSet, basename='raster')
urlpatterns = []
if IIIFRouter:
    iiif = IIIFRouter()
    iiif.register('iiif', RasterViewSet)
    urlpatterns += iiif.urls
if settings.CATALOG:
    urlpatterns += [path('catalog/', include('django_large_image.catalog.urls'))]
urlpatterns += router.urls
