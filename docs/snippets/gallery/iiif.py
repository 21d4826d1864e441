from rest_framework.viewsets import ReadOnlyModelViewSet

from django_large_image.iiif import Features, IIIFMixin, Limits
from django_large_image.rest import LargeImageFileDetailMixin
from gallery.models import Image


class ArchiveViewSet(IIIFMixin, LargeImageFileDetailMixin, ReadOnlyModelViewSet):
    queryset = Image.objects.all()
    FILE_FIELD_NAME = 'file'
    iiif_lookup_field = 'file'
    iiif_srgb = True

    @classmethod
    def get_iiif_features(cls):
        return Features(frozenset({'rotationArbitrary', 'pdf'}))

    def get_iiif_limits(self, image):
        if image.request.user.is_authenticated:
            return super().get_iiif_limits(image)
        return Limits(width=1000, scale=1)

    def get_iiif_info(self, image):
        return {'rights': self.get_iiif_rights(image.instance)}

    def get_iiif_title(self, instance):
        return {'en': instance.name}

    def get_iiif_rights(self, instance):
        return 'http://creativecommons.org/publicdomain/zero/1.0/'
