"""The class that a developer mixes into a viewset whose model holds URLs of images."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from django_large_image.exceptions import UnreadableError
from django_large_image.rest.lookup import find_object
from django_large_image.rest.mixins import LargeImageDetailMixin, misnamed
from django_large_image.storage.urls import url_reference


class LargeImageURLDetailMixin(LargeImageDetailMixin):
    """Image endpoints of the URL that a field of the viewset's model holds.

    Requires `get_object()` of DRF's `GenericViewSet`, and `URL_FIELD_NAME` (or `get_url()`). Only
    URLs below `URL_PREFIXES` of the settings are opened.
    """

    URL_FIELD_NAME: str = ''

    def get_url(self) -> str:
        """Return the URL of the object; `get_object()` answers 404 and checks the object's
        permissions.

        Raises `ImproperlyConfigured` when `URL_FIELD_NAME` names no field.
        """
        instance = find_object(self)
        url = getattr(instance, self.URL_FIELD_NAME, None) if self.URL_FIELD_NAME else None
        if not isinstance(url, str):
            raise misnamed(self, 'URL_FIELD_NAME', instance, 'field of text', 'get_url')
        return url

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return the reference of the image at the URL."""
        url = self.get_url()
        if not url:
            raise UnreadableError('No URL was stored for this image.')
        return url_reference(url)
