from django_large_image.rest import LargeImageViewSet
from gallery.models import Image
from gallery.viewsets import ImageSerializer


class ReadyMadeViewSet(LargeImageViewSet):
    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    FILE_FIELD_NAME = 'file'
