from gallery.models import Image
from rest_framework.viewsets import ReadOnlyModelViewSet

from django_large_image.iiif import IIIFMixin, IIIFRouter
from django_large_image.rest import LargeImageFileDetailMixin


class ImageViewSet(IIIFMixin, LargeImageFileDetailMixin, ReadOnlyModelViewSet):
    queryset = Image.objects.all()
    FILE_FIELD_NAME = 'file'


router = IIIFRouter()
router.register('iiif', ImageViewSet)
urlpatterns = router.urls
