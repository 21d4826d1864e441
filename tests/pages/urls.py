"""Routes of every kind of lookup, pages that use the tags, all under a strict content policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template import engines
from django.urls import include, path
from drf_yasg import openapi
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.viewsets import GenericViewSet, ViewSet

from django_large_image.admin import LargeImageAdminMixin
from django_large_image.iiif.mixins import IIIFMixin
from django_large_image.iiif.routers import IIIFRouter
from django_large_image.rest import LargeImageFileDetailMixin, LargeImageMixin
from tests.testapp.models import ImageFile, SlugImageFile, UUIDImageFile

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'"
)


class ImageViewSet(GenericViewSet, LargeImageFileDetailMixin):
    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class IIIFViewSet(IIIFMixin, ImageViewSet):
    """The same images as an IIIF service."""


class UUIDViewSet(LargeImageFileDetailMixin, GenericViewSet):
    queryset = UUIDImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class SlugViewSet(LargeImageFileDetailMixin, GenericViewSet):
    queryset = SlugImageFile.objects.all()
    FILE_FIELD_NAME = 'file'
    lookup_field = 'slug'
    lookup_url_kwarg = 'key'


class OneImageViewSet(LargeImageMixin, ViewSet):
    def get_path(self, request: HttpRequest, pk: Any = None) -> str:
        return ImageFile.objects.get().file.path


class ImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    list_display = ('name', 'large_image_thumbnail')


class SlugImageAdmin(LargeImageAdminMixin, admin.ModelAdmin):
    large_image_basename = 'no-such-route'


def strict(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer with a content policy that allows nothing inline and no other host."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers['Content-Security-Policy'] = POLICY
        return response

    return wrapped


class StrictAdminSite(admin.AdminSite):
    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        return strict(super().admin_view(view, cacheable))


site = StrictAdminSite('admin')
site.register(ImageFile, ImageAdmin)
site.register(SlugImageFile, SlugImageAdmin)

IMPORTS = """{% load large_image %}<!DOCTYPE html><html lang="en"><head><title>Page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head>"""
SEVERAL = """<body><h1>Several</h1>
{% large_image_viewer object height='300px' %}
{% large_image_viewer other basename='uuid' height='300px' title='The other' %}
{% include 'django_large_image/_include/viewer.html' with basename='image' %}
</body></html>"""
ZOOM = """<body>{% large_image_zoom object iiif='iiif' height='600px' %}</body></html>"""
LEGACY = """{% extends 'django_large_image/geojsViewer.html' %}
{% block content %}
<script>var baseEndpoint = 'api/images'; var imageId = {{ object.pk }};</script>
{{ block.super }}
{% endblock %}"""


@strict
def viewer(request: HttpRequest, pk: int) -> HttpResponse:
    context = {'object': get_object_or_404(ImageFile, pk=pk)}
    return render(request, 'django_large_image/viewer.html', context)


@strict
def globe(request: HttpRequest, pk: int) -> HttpResponse:
    context = {'object': get_object_or_404(ImageFile, pk=pk)}
    return render(request, 'django_large_image/globe.html', context)


@strict
def zoom(request: HttpRequest, pk: int) -> HttpResponse:
    context = {'object': get_object_or_404(ImageFile, pk=pk)}
    return render(request, 'django_large_image/zoom.html', context)


@strict
def zoom_iiif(request: HttpRequest, pk: int) -> HttpResponse:
    page = engines['django'].from_string(IMPORTS + ZOOM)
    return HttpResponse(page.render({'object': ImageFile.objects.get(pk=pk)}, request))


@strict
def several(request: HttpRequest, pk: int) -> HttpResponse:
    context = {'object': ImageFile.objects.get(pk=pk), 'other': UUIDImageFile.objects.get()}
    page = engines['django'].from_string(IMPORTS + SEVERAL)
    return HttpResponse(page.render(context, request))


def legacy(request: HttpRequest, pk: int) -> HttpResponse:
    """A page as people wrote it for 0.10: its script is inline, so there is no strict policy."""
    page = engines['django'].from_string(LEGACY)
    return HttpResponse(page.render({'object': ImageFile.objects.get(pk=pk)}, request))


router = SimpleRouter(trailing_slash=False)
router.register('images', ImageViewSet, basename='image')
router.register('uuid', UUIDViewSet, basename='uuid')
router.register('slug', SlugViewSet, basename='slug')
router.register('one', OneImageViewSet, basename='one')
router.register(r'projects/(?P<project>\d+)/images', ImageViewSet, basename='nested')
services = IIIFRouter()
services.register('iiif', IIIFViewSet)
described = SimpleRouter(trailing_slash=False)
described.register('images', ImageViewSet, basename='image')
namespaced = DefaultRouter()
namespaced.register('images', ImageViewSet, basename='image')

schema = get_schema_view(
    openapi.Info(title='Images', default_version='v1'),
    public=True,
    permission_classes=[AllowAny],
    patterns=[path('api/', include(described.urls))],
)

urlpatterns = [
    path('api/', include(router.urls)),
    path('', include(services.urls)),
    path('spaced/', include((namespaced.urls, 'app'), namespace='space')),
    path('other/', include((namespaced.urls, 'app'), namespace='second')),
    path('', include('django_large_image.urls')),
    path('images/<int:pk>/', viewer, name='viewer'),
    path('images/<int:pk>/globe/', globe, name='globe'),
    path('images/<int:pk>/zoom/', zoom, name='zoom'),
    path('images/<int:pk>/zoom/iiif/', zoom_iiif, name='zoom-iiif'),
    path('several/<int:pk>/', several, name='several'),
    path('legacy/<int:pk>/', legacy, name='legacy'),
    path('admin/', site.urls),
    path('swagger/', schema.with_ui('swagger'), name='swagger'),
]
