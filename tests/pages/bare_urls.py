"""A project that has the image's routes and nothing else of ours."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from tests.pages.urls import ImageViewSet

router = SimpleRouter()
router.register('images', ImageViewSet, basename='image')
urlpatterns = [path('api/', include(router.urls))]
