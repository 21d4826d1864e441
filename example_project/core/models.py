"""The model that every project has in some form: a row with an image in a file field."""

from __future__ import annotations

from django.db import models
from django.urls import reverse


class ImageFile(models.Model):
    """An image that was uploaded."""

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    file = models.FileField(upload_to='images')
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ['pk']
        verbose_name = 'image'

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse('image-viewer', args=[self.pk])
