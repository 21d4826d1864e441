"""The smallest models that carry an image, one per kind of lookup.

The app has no migrations on purpose: Django creates its tables straight from the models.
"""

from __future__ import annotations

import uuid

from django.db import models

from django_large_image.fields import ChecksumFileField


class ImageFile(models.Model):
    """An image with the usual integer key."""

    name = models.CharField(max_length=100)
    file = models.FileField(upload_to='images', blank=True)

    def __str__(self) -> str:
        return self.name


class UUIDImageFile(models.Model):
    """An image whose primary key is a UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    file = models.FileField(upload_to='images', blank=True)

    def __str__(self) -> str:
        return self.name


class SlugImageFile(models.Model):
    """An image that is looked up by a slug."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    file = models.FileField(upload_to='images', blank=True)

    def __str__(self) -> str:
        return self.name


class ChecksumImage(models.Model):
    """An image whose checksum is stored."""

    name = models.CharField(max_length=100, blank=True)
    file = ChecksumFileField(upload_to='images', blank=True, checksum_field='sha256')
    sha256 = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.name
