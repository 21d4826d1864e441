"""The model fields of this package, by the names that migrations keep."""

from django_large_image.storage.checksums import ChecksumFieldMixin, ChecksumFileField
from django_large_image.storage.urls import ImageURLField

__all__ = ['ChecksumFieldMixin', 'ChecksumFileField', 'ImageURLField']
