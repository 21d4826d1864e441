"""Stored logs whose rows are known, and the addresses of depth images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import include, path
from PIL import Image
from rest_framework.permissions import IsAuthenticated

from django_large_image.depth import loading
from django_large_image.depth.models import DepthImage
from django_large_image.depth.urls import patterns
from example_project.schema import schema

urlpatterns = [
    path('depth/', include('django_large_image.depth.urls')),
    path('own/', include((patterns(permission_classes=[IsAuthenticated]), 'own'))),
    path('', include('django_large_image.urls')),
    path('swagger.json', schema.without_ui(), {'format': 'json'}),
]

DEPTHS = 1000 + np.arange(600) * 0.5


def samples(rows: int = 600, width: int = 20) -> np.ndarray:
    """Return values (rows, width) in float32 that differ from each other in every pixel."""
    return (np.arange(rows * width, dtype='f4').reshape(rows, width) / 8).astype('f4')


def upload(
    depths: np.ndarray = DEPTHS, values: np.ndarray | None = None, name: str = 'log.npy'
) -> SimpleUploadedFile:
    """Return the file of a log."""
    table = samples(len(depths)) if values is None else values
    output = io.BytesIO()
    np.save(output, np.column_stack([depths, table]))
    return SimpleUploadedFile(name, output.getvalue())


def store(
    depths: np.ndarray = DEPTHS, values: np.ndarray | None = None, **options: Any
) -> DepthImage:
    """Store a log as wide as it is."""
    table = samples(len(depths)) if values is None else values
    return loading.load(upload(depths, table), **{'width': table.shape[1], **options})


def picture(response: Any) -> np.ndarray:
    """Return the RGBA pixels of an answer that is a picture."""
    assert response.status_code == 200, response.content
    with Image.open(io.BytesIO(response.content)) as image:
        return np.asarray(image.convert('RGBA'))


def array(response: Any) -> np.ndarray:
    """Return the array of an answer that is an npy file."""
    assert response.status_code == 200, response.content
    return np.load(io.BytesIO(response.content))
