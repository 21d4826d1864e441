"""The pages: a list of thumbnails, and each image on a map, on a globe and in its pixels."""

from __future__ import annotations

from typing import Any

from django.views.generic import DetailView, ListView

from core.models import ImageFile
from core.scenes import SAMPLES
from django_large_image.catalog.models import Catalog
from django_large_image.depth.models import Colormap, DepthImage
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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context, with the catalogues, each sample with a picture, and the logs."""
        pictures = {sample.slug: sample.picture for sample in SAMPLES}
        catalogs = [(found, pictures.get(found.slug, '')) for found in Catalog.objects.all()]
        logs = {'logs': DepthImage.objects.all(), 'colors': Colormap.objects.first()}
        return super().get_context_data(catalogs=catalogs, **logs, **kwargs)


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
