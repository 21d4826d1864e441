from django.urls import include, path
from rest_framework.viewsets import ViewSet

from django_large_image.iiif import IIIFMixin, IIIFRouter
from django_large_image.rest import LargeImageFolderDetailMixin


class ScanViewSet(IIIFMixin, LargeImageFolderDetailMixin, ViewSet):
    FOLDER = '/srv/scans'


router = IIIFRouter()
router.register('iiif', ScanViewSet)
urlpatterns = [path('', include(router.urls))]
