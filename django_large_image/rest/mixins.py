"""The classes that a developer mixes into a viewset."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import Http404
from rest_framework import viewsets
from rest_framework.request import Request

from django_large_image.conf import settings
from django_large_image.rest.data import DataActions
from django_large_image.rest.deepzoom import DeepZoomActions
from django_large_image.rest.endpoints import routed
from django_large_image.rest.info import InfoActions
from django_large_image.rest.lookup import find_object
from django_large_image.rest.tiles import TilesActions
from django_large_image.storage.fields import field_file_reference


def misnamed(
    view: object, attribute: str, instance: Model, kind: str, hook: str = 'get_path'
) -> ImproperlyConfigured:
    """Return the error of a viewset whose attribute names no field of that kind of its model; it
    may override `hook` in place of it.
    """
    return ImproperlyConfigured(
        f'{type(view).__name__}.{attribute} is {getattr(view, attribute)!r}, which is no {kind} of '
        f'{type(instance).__name__}: set it to the name of one, or override {hook}().'
    )


@routed(detail=False)
class LargeImageMixin(InfoActions, TilesActions, DeepZoomActions, DataActions):
    """Image endpoints below `{prefix}/` of a viewset without objects; give it
    `get_path(request, pk)`.
    """


@routed(detail=True)
class LargeImageDetailMixin(InfoActions, TilesActions, DeepZoomActions, DataActions):
    """Image endpoints below `{prefix}/{pk}/`; give it `get_path(request, pk)`, which calls
    `self.get_object()`.
    """


class LargeImageFileDetailMixin(LargeImageDetailMixin):
    """Image endpoints of the file that a field of the viewset's model holds.

    Requires `get_object()` of DRF's `GenericViewSet`, and `FILE_FIELD_NAME` (or
    `get_field_file()`).
    """

    FILE_FIELD_NAME: str = ''

    def get_field_file(self) -> FieldFile:
        """Return the file of the object; `get_object()` answers 404 and checks the object's
        permissions.

        Raises `ImproperlyConfigured` when `FILE_FIELD_NAME` names no field.
        """
        instance = find_object(self)
        if not self.is_large_image(instance):
            raise Http404('This file is not used as a large image.')
        field_file = getattr(instance, self.FILE_FIELD_NAME, None) if self.FILE_FIELD_NAME else None
        if not isinstance(field_file, FieldFile):
            raise misnamed(self, 'FILE_FIELD_NAME', instance, 'file field', 'get_field_file')
        return field_file

    def is_large_image(self, instance: Model) -> bool:
        """Whether the file of an object is served: all are, unless `AUTO_SET` is off and the
        object does not say so.

        An object says so by a true attribute `is_large_image`.
        """
        return bool(settings.AUTO_SET or getattr(instance, 'is_large_image', False))

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return the reference of the file that the object holds."""
        return field_file_reference(self.get_field_file())


class LargeImageVSIFileDetailMixin(LargeImageFileDetailMixin):
    """The same for files that GDAL streams from where they are stored; local files are read in
    place.

    With `USE_VSI` off a local copy is read. `USE_PRESIGNED_URLS` is kept for those who set it:
    files are streamed with their storage's own access, whatever it says, as an address that
    changes with every signature names no image.
    """

    USE_VSI: bool = True
    USE_PRESIGNED_URLS: bool = True

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return the reference of the file that the object holds, streamed if `USE_VSI` says so."""
        return field_file_reference(self.get_field_file(), stream=self.USE_VSI)


LargeImageView = LargeImageFileDetailMixin


class LargeImageViewSet(LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet[Any]):
    """A complete viewset: list, retrieve and all image endpoints.

    Give it `queryset`, `serializer_class` and `FILE_FIELD_NAME`.
    """
