"""The REST interface of the images: one mixin, and the name of the file field."""

from __future__ import annotations

from rest_framework import parsers, permissions, serializers, viewsets

from core.models import ImageFile
from django_large_image.rest import LargeImageFileDetailMixin


class ImageFileSerializer(serializers.ModelSerializer):
    """An image's own fields; its pixels are in the actions below it."""

    class Meta:
        model = ImageFile
        fields = ['id', 'name', 'description', 'file', 'created']


class ImageFileViewSet(LargeImageFileDetailMixin, viewsets.ModelViewSet):
    """Images: anyone reads, those with the model's permissions write."""

    queryset = ImageFile.objects.all()
    serializer_class = ImageFileSerializer
    permission_classes = [permissions.DjangoModelPermissionsOrAnonReadOnly]
    parser_classes = [parsers.MultiPartParser]
    FILE_FIELD_NAME = 'file'
