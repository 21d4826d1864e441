"""Wiring of the app `django_large_image.depth`."""

from __future__ import annotations

from django.apps import AppConfig


class DepthConfig(AppConfig):
    """Depth images."""

    name = 'django_large_image.depth'
    label = 'large_image_depth'
    verbose_name = 'Depth images'
    default_auto_field = 'django.db.models.BigAutoField'
