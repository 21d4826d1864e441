"""Addresses as the README of 0.10 registers them: a router without slashes at the end."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from gallery import views, viewsets
from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)
router.register(r'api/image-file', viewsets.ImageFileDetailViewSet, basename='image-file')
router.register(r'api/vsi-file', viewsets.VSIFileDetailViewSet, basename='vsi-file')
router.register(r'api/local-file', viewsets.LocalFileDetailViewSet, basename='local-file')
router.register(r'api/url-image', viewsets.URLImageFileDetailViewSet, basename='url-image')
router.register(r'api/any-image', viewsets.URLLargeImageViewSet, basename='any-image')
router.register(r'api/hooked', viewsets.HookedViewSet, basename='hooked')

urlpatterns = [
    path('', include('django_large_image.urls')),
    path('admin/', admin.site.urls),
    path('globe/<int:pk>/', views.globe, name='globe'),
    path('flat/<int:pk>/', views.flat, name='flat'),
    *router.urls,
]
