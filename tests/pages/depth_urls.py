"""Depth images whose page stands under a strict content policy."""

from __future__ import annotations

from django.urls import include, path

from django_large_image.depth.pages import PageView
from tests.pages.urls import strict

urlpatterns = [
    path('depth/<int:pk>/page/', strict(PageView.as_view())),
    path('depth/', include('django_large_image.depth.urls')),
]
