"""Viewset mixins that serve images, and the package-level views beside them."""

from django_large_image.rest.mixins import (
    LargeImageDetailMixin,
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageView,
    LargeImageViewSet,
    LargeImageVSIFileDetailMixin,
)
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
    'LargeImageMixin',
    'LargeImageVSIFileDetailMixin',
    'LargeImageView',
    'LargeImageViewSet',
    'ListAvailableFormatsView',
    'ListColormapsView',
    'ListTileSourcesView',
    'MetricsView',
    'SettingsView',
]
