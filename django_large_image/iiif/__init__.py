"""IIIF Image API 2.1 and 3.0, Presentation API 3.0: https://iiif.io/api/."""

from django_large_image.iiif.features import Features, Limits
from django_large_image.iiif.mixins import IIIFMixin
from django_large_image.iiif.routers import IIIFRouter

__all__ = ['Features', 'IIIFMixin', 'IIIFRouter', 'Limits']
