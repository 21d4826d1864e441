"""The model that every project has in some form: a row with an image in a file field."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.urls import reverse

from core.fields import UploadField


def upload_path(instance: models.Model | None, filename: str) -> str:
    """Return the name of a file in the storage.

    What a browser sends straight to a bucket has no row yet, and no storage that finds a free name.
    """
    return f'images/{filename}' if instance else f'images/{uuid4()}/{filename}'


class ImageFile(models.Model):
    """An image that was uploaded."""

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    file = UploadField(upload_to=upload_path)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ['pk']
        verbose_name = 'image'

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse('image-viewer', args=[self.pk])
