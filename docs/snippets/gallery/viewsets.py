from rest_framework import serializers, viewsets

from django_large_image.rest import LargeImageFileDetailMixin
from gallery.models import Image


class ImageSerializer(serializers.ModelSerializer):
    class Meta:
        model = Image
        fields = ['id', 'name', 'file']


class ImageViewSet(LargeImageFileDetailMixin, viewsets.ModelViewSet):
    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'
