"""Catalogues below `/catalogs/`, for those who are logged in below `/own/`, and for all others
to read below `/read/`."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly

from django_large_image.catalog.urls import patterns
from example_project.schema import schema

urlpatterns = [
    path('catalogs/', include('django_large_image.catalog.urls')),
    path('own/', include((patterns(permission_classes=[IsAuthenticated]), 'own'))),
    path('read/', include((patterns(permission_classes=[IsAuthenticatedOrReadOnly]), 'read'))),
    path('swagger.json', schema.without_ui(), {'format': 'json'}),
]
