"""All addresses of the example project."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.static import serve
from rest_framework.routers import DefaultRouter

from core import views
from core.rest import ImageFileViewSet
from django_large_image.iiif import IIIFRouter
from example_project.schema import schema

iiif = IIIFRouter()
iiif.register('iiif', ImageFileViewSet)
router = DefaultRouter()
router.trailing_slash = '/?'  # tiles/0/0/0.png as well as images/
router.register('images', ImageFileViewSet, basename='image')

urlpatterns = [
    path('', views.ImageList.as_view(), name='image-index'),
    path('images/<int:pk>/', views.ImageViewer.as_view(), name='image-viewer'),
    path('images/<int:pk>/zoom/', views.ImageZoom.as_view(), name='image-zoom'),
    path('images/<int:pk>/globe/', views.ImageGlobe.as_view(), name='image-globe'),
    path('api/', include(router.urls)),
    path('', include(iiif.urls)),
    path('', include('django_large_image.urls')),
    path('api/catalogs/', include('django_large_image.catalog.urls')),
    path('api/depth/', include('django_large_image.depth.urls')),
    path('swagger/', schema.with_ui('swagger'), name='swagger'),
    path('redoc/', schema.with_ui('redoc'), name='redoc'),
    re_path(r'^swagger\.(?P<format>json|yaml)$', schema.without_ui(), name='schema'),
    path('admin/', admin.site.urls),
    path('favicon.ico', RedirectView.as_view(url=static('core/icon.svg'))),
    # Where the admin's widget learns how to send a file to the bucket.
    *(
        [path('uploads/', include('s3_file_field.urls'))]
        if getattr(settings, 'UPLOAD_ORIGIN', '')
        else []
    ),
    # Good enough here; a real project lets its web server do this.
    path('media/<path:path>', serve, {'document_root': settings.MEDIA_ROOT}),
]
