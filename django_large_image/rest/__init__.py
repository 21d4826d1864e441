"""Viewset mixins that serve images, and the package-level views beside them."""

from django_large_image.rest.folder_mixins import LargeImageFolderDetailMixin
from django_large_image.rest.mixins import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageView,
    LargeImageViewSet,
    LargeImageVSIFileDetailMixin,
)
from django_large_image.rest.raster_mixins import LargeImageRasterDetailMixin
from django_large_image.rest.url_mixins import LargeImageURLDetailMixin
from django_large_image.rest.views import (
    ListAvailableFormatsView,
    ListColormapsView,
    ListTileSourcesView,
    MetricsView,
    SettingsView,
)

__all__ = [
    'LargeImageDetailMixin',
    'LargeImageFileDetailMixin',
    'LargeImageFolderDetailMixin',
    'LargeImageMixin',
    'LargeImageRasterDetailMixin',
    'LargeImageURLDetailMixin',
    'LargeImageVSIFileDetailMixin',
    'LargeImageView',
    'LargeImageViewSet',
    'ListAvailableFormatsView',
    'ListColormapsView',
    'ListTileSourcesView',
    'MetricsView',
    'SettingsView',
]
