"""The REST interface of the images: one mixin, and the name of the file field."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework import parsers, permissions, serializers, viewsets

from core.fields import UploadField, has_bucket
from core.models import ImageFile
from django_large_image.iiif import IIIFMixin
from django_large_image.rest import LargeImageFileDetailMixin


class ImageFileSerializer(serializers.ModelSerializer):
    """An image's own fields; its pixels are in the actions below it."""

    class Meta:
        model = ImageFile
        fields = ['id', 'name', 'description', 'file', 'created']

    def build_standard_field(self, field_name: str, model_field: models.Field) -> Any:
        built, options = super().build_standard_field(field_name, model_field)
        if isinstance(model_field, UploadField) and not has_bucket(model_field.storage):
            # django-s3-file-field's own takes nothing but what lies in the bucket already.
            built = serializers.FileField
        return built, options


class ImageFileViewSet(IIIFMixin, LargeImageFileDetailMixin, viewsets.ModelViewSet):
    """Images: anyone reads, those with the model's permissions write."""

    queryset = ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    permission_classes = [permissions.DjangoModelPermissionsOrAnonReadOnly]
    parser_classes = [parsers.MultiPartParser]
    FILE_FIELD_NAME = 'file'

    def get_iiif_lookup(self, identifier: str) -> dict[str, Any]:
        """IIIF finds an image by its number, and by the name of its file."""
        return {'pk' if identifier.isdecimal() else 'file': identifier}
