"""A catalogue whose page stands under a strict content policy."""

from __future__ import annotations

from django.urls import include, path

from django_large_image.catalog.pages import PageView
from tests.pages.urls import strict

urlpatterns = [
    path('catalogs/<slug:catalog>/', strict(PageView.as_view())),
    path('catalogs/', include('django_large_image.catalog.urls')),
]
