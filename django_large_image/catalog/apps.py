"""Wiring of the app `django_large_image.catalog`."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Catalogues of rasters."""

    name = 'django_large_image.catalog'
    label = 'large_image_catalog'
    verbose_name = 'Catalogues of rasters'
    default_auto_field = 'django.db.models.BigAutoField'

    def ready(self) -> None:
        """Look again at the keys of a catalogue when this process changes them."""
        from django.db.models.signals import post_delete, post_save

        from django_large_image.catalog import models, schema

        for model in (models.Catalog, models.Key):
            for signal in (post_save, post_delete):
                signal.connect(schema.forget, sender=model)
