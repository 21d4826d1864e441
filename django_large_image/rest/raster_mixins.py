"""The class that a developer mixes into a viewset whose model has a `RasterField`."""

from __future__ import annotations

import struct
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model
from django.http import Http404
from rest_framework.request import Request

from django_large_image.exceptions import UnreadableError
from django_large_image.rest.lookup import find_object
from django_large_image.rest.mixins import LargeImageDetailMixin, misnamed
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.gdalraster import stored_reference

# What GeoDjango raises of a raster that it cannot parse.
_UNPARSED = (LookupError, TypeError, ValidationError, ValueError, struct.error)


class LargeImageRasterDetailMixin(LargeImageDetailMixin):
    """Image endpoints of the raster that a `RasterField` of the viewset's model holds.

    Requires `get_object()` of DRF's `GenericViewSet`, and `RASTER_FIELD_NAME`.
    """

    RASTER_FIELD_NAME: str = ''

    def get_path(self, request: Request, pk: Any = None) -> ImageReference:
        """Return the reference of the raster that the object holds."""
        instance = self._get_row()
        value = self._stored(instance)
        return stored_reference(value, f'{self.RASTER_FIELD_NAME}-{instance.pk}.tif')

    def _get_row(self) -> Model:
        """Return `get_object()`; raises `UnreadableError` for a row whose raster GeoDjango cannot
        parse, which DRF may take for a missing one.
        """
        try:
            return find_object(self)
        except (Http404, *_UNPARSED) as error:
            cause = error.__context__ if isinstance(error, Http404) else error
            if isinstance(cause, _UNPARSED) and self._has_row():
                raise UnreadableError('Unreadable image: GeoDjango cannot read it.') from error
            raise

    def _has_row(self) -> bool:
        """Whether the object is there and its permissions allow to know, its raster aside."""
        view: Any = self
        name = view.lookup_url_kwarg or view.lookup_field
        rows = view.filter_queryset(view.get_queryset()).defer(self.RASTER_FIELD_NAME)
        try:
            instance = rows.filter(**{view.lookup_field: view.kwargs.get(name)}).first()
        except (ValueError, TypeError, ValidationError):
            return False
        if instance is not None:
            view.check_object_permissions(view.request, instance)
        return instance is not None

    def _stored(self, instance: Model) -> Any:
        """Return the value of the field as it was read from the database."""
        try:
            field = instance._meta.get_field(self.RASTER_FIELD_NAME)
        except FieldDoesNotExist:
            field = None
        if getattr(field, 'geom_type', None) != 'RASTER':
            raise misnamed(self, 'RASTER_FIELD_NAME', instance, 'RasterField')
        if self.RASTER_FIELD_NAME in instance.get_deferred_fields():
            instance.refresh_from_db(fields=[self.RASTER_FIELD_NAME])
        # The attribute makes a dataset of it, which takes longer than the digest.
        return instance.__dict__[self.RASTER_FIELD_NAME]
