"""Wiring of the app: checks, and large-image's configuration from Django's settings."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class LargeImageConfig(AppConfig):
    """The app `django_large_image`."""

    name = 'django_large_image'
    verbose_name = 'Large images'
    default_auto_field = 'django.db.models.BigAutoField'

    def ready(self) -> None:
        """Register the checks and hand `LARGE_IMAGE_<OPTION>` settings to large-image's own
        configuration.
        """
        from large_image import config

        from django_large_image import checks  # noqa: F401

        config.setConfig('cache_backend', 'django')
        for option in config.ConfigValues:
            value = getattr(settings, f'LARGE_IMAGE_{option.upper()}', None)
            if value is not None:
                config.setConfig(option, value)
