"""The class that makes an IIIF service of an image viewset."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from django_large_image.iiif.answers import answer_image, answer_info, answer_redirect
from django_large_image.iiif.manifests import ManifestActions
from django_large_image.iiif.request import split_path
from django_large_image.rest.endpoints import serve

_ANSWERS = {'base': answer_redirect, 'info': answer_info, 'image': answer_image}


class IIIFMixin(ManifestActions):
    """The Image API 2.1 and 3.0 of the images that the viewset's other mixin finds.

    `IIIFRouter` gives it its URLs. Requires an image mixin, `LargeImageFileDetailMixin` for one.
    """

    def iiif_image(self, request: Request, version: str, path: str, **kwargs: Any) -> Any:
        """A picture, info.json, or 303 from the base URI to it, as the path says."""
        asked = split_path(path)
        return serve(
            f'iiif-{asked.kind}',
            self,
            request,
            lambda: _ANSWERS[asked.kind](self, version, asked),
        )
