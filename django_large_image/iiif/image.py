"""One image of an IIIF request: from its identifier to what the caches keep of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db import DataError
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

from django_large_image.conf import settings
from django_large_image.iiif import caches
from django_large_image.iiif.derivative import pyramid
from django_large_image.iiif.features import Features, Limits
from django_large_image.iiif.hooks import IIIFHooks, keeps_iiif_hooks
from django_large_image.iiif.info import Pyramid
from django_large_image.metrics import stage
from django_large_image.rest.asked import Asked
from django_large_image.rest.image import RequestedImage
from django_large_image.rest.responses import make_etag, not_modified
from django_large_image.sources.reference import ImageReference


class IIIFImage(RequestedImage):
    """The image of an identifier, in a version of the Image API.

    `told` is whether hooks are to be told of the object.
    """

    view: IIIFHooks

    def __init__(
        self,
        view: IIIFHooks,
        version: str,
        identifier: str,
        asked: Asked,
        told: bool = False,
    ) -> None:
        super().__init__(view, view.request, view.choose_iiif_object(identifier), asked)
        self.version = version
        self.identifier = identifier
        self._told = told or not keeps_iiif_hooks(view)
        self._find: Callable[[], Any] = lambda: None

    @cached_property
    def reference(self) -> ImageReference:
        """Where the image lies; asking for it checks permissions.

        Raises `Http404` for an identifier that names nothing.
        """
        view: Any = self.view
        remembered = self._told and hasattr(view, 'get_object')
        if remembered:
            # Other hooks may ask for the object that is found on the way.
            self._find = view.get_object = functools.cache(view.get_object)
        try:
            with stage('lookup'):
                return self.view.find_reference(self.request, self.pk)
        except (OverflowError, DataError):
            # A number that no database holds, or this one does not.
            raise Http404 from None
        finally:
            if remembered:
                del view.get_object

    @property
    def instance(self) -> Any:
        """The object of the model, for hooks; None where the viewset has none."""
        self.reference  # noqa: B018 - finds it
        return self._find()

    @cached_property
    def features(self) -> Features:
        """What is switched on."""
        return self.view.get_iiif_features()

    @cached_property
    def limits(self) -> Limits:
        """How large results may be."""
        return self.view.get_iiif_limits(self)

    def limits_of(self, size: tuple[int, int]) -> Limits:
        """Return how large results of an image of a size may be.

        What the settings allow for any answer is the area that clients are told of where `max`,
        enlarged as far as the other limits let it, would be more; a smaller image is not enlarged
        to that.
        """
        limits, most = self.limits, settings.MAX_OUTPUT_PIXELS
        width, height = limits.bounds(size) if limits.told else size
        area = width * height if limits.area is None else min(width * height, limits.area)
        return replace(limits, area=most) if area > most else replace(limits, budget=most)

    def etag(self, *parts: object) -> str | None:
        """Return the ETag of an answer that `parts` decide on beside the image; None when the
        version of the image is unknown.
        """
        reference, view = self.reference, type(self.view)
        if not reference.identity:
            return None
        return make_etag(
            f'{view.__module__}.{view.__qualname__}.iiif',
            self.version,
            *reference.identity,
            *parts,
            # Those of the settings are in their fingerprint.
            '' if keeps_iiif_hooks(self.view) else self.limits,
            self.view.get_cache_vary(self.request),
            *sorted(self.features.switched_off),
            settings.fingerprint(),
        )

    def unchanged(self, etag: str | None) -> HttpResponseBase | None:
        """Return the 304 of a conditional request whose ETag still holds, else None.

        `*` holds for whatever there is: whether there is a picture is not known yet.
        """
        if self.request._request.META.get('HTTP_IF_NONE_MATCH', '').strip() == '*':
            return None
        return not_modified(self.request, etag)

    def keep(self, kind: str, etag: str | None, make: Callable[[], Any]) -> Any:
        """Return what a cache holds under an ETag, made if need be."""
        if etag is None or not settings.TILE_CACHE:
            return make()
        owner = caches.owner_name(self.view.basename, self.identifier)
        return caches.get_or_make(kind, owner, etag, make)

    def pyramid(self) -> Pyramid:
        """Return the size and the levels of the image, from the cache where they are known."""
        found: Pyramid = self.keep('info', self.etag('pyramid'), lambda: pyramid(self.reader))
        return found
