"""The pages: a list of thumbnails, and each image on a map, on a globe and in its pixels."""

from __future__ import annotations

from typing import Any

from django.views.generic import DetailView, ListView

from core.models import ImageFile
from django_large_image.exceptions import LargeImageError
from django_large_image.sources.opening import open_source
from django_large_image.storage.fields import field_file_reference
from django_large_image.tilesource import is_geospatial


class ImageList(ListView):
    """All images, as thumbnails."""

    model = ImageFile
    paginate_by = 24
    template_name = 'core/list.html'
    context_object_name = 'images'


class ImageViewer(DetailView):
    """One image: on a web map when it has coordinates, in its own pixels otherwise."""

    model = ImageFile
    template_name = 'core/viewer.html'
    context_object_name = 'image'

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(geospatial=has_coordinates(self.object), **kwargs)


class ImageGlobe(ImageViewer):
    """One image draped over a globe."""

    template_name = 'core/globe.html'


class ImageZoom(ImageViewer):
    """One image in its own pixels, by Deep Zoom, or with `?iiif` by IIIF."""

    template_name = 'core/zoom.html'

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(iiif='iiif' in self.request.GET, **kwargs)


def has_coordinates(image: ImageFile) -> bool:
    """Does the image lie somewhere on Earth? (The viewer itself says why one cannot be read.)"""
    try:
        return is_geospatial(open_source(field_file_reference(image.file)))
    except LargeImageError:
        return False
