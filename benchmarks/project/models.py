"""The model: a row with an image in a file field."""

from __future__ import annotations

from django.db import models


class Raster(models.Model):
    """An image; its name is that of the file."""

    name = models.CharField(max_length=100)
    file = models.FileField()

    def __str__(self) -> str:
        return self.name
