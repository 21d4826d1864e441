"""IIIF services as projects have them, at the addresses of `urlpatterns`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import include, path
from rest_framework import authentication, permissions, viewsets

from django_large_image.iiif import Features, IIIFMixin, IIIFRouter, Limits
from django_large_image.rest import LargeImageFileDetailMixin, LargeImageFolderDetailMixin
from tests.testapp.models import ImageFile, SlugImageFile


class Images(IIIFMixin, LargeImageFileDetailMixin, viewsets.ReadOnlyModelViewSet):
    """By primary key."""

    queryset = ImageFile.objects.all()
    FILE_FIELD_NAME = 'file'


class Names(Images):
    """By the name of the file."""

    iiif_lookup_field = 'file'


class Slugs(viewsets.ReadOnlyModelViewSet, IIIFMixin, LargeImageFileDetailMixin):
    """By slug, in version 2 only; DRF's class stands left."""

    queryset = SlugImageFile.objects.all()
    FILE_FIELD_NAME = 'file'
    lookup_field = 'slug'
    lookup_url_kwarg = 'name'
    iiif_versions = ('2',)


class NotNamedSecret(permissions.BasePermission):
    """Refuses one object."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj.name != 'secret')


class Private(Images):
    """For users, and not all of it."""

    authentication_classes = (authentication.BasicAuthentication,)
    permission_classes = (permissions.IsAuthenticated, NotNamedSecret)


class Described(Images):
    """Told by its hooks."""

    def get_iiif_limits(self, image: Any) -> Limits:
        return (
            Limits(width=50) if image.instance.name == 'small' else super().get_iiif_limits(image)
        )

    def get_iiif_info(self, image: Any) -> dict[str, Any]:
        return {'rights': f'https://example.org/{image.instance.name}', 'attribution': 'Us'}

    def get_iiif_rights(self, instance: Any) -> str:
        return f'https://example.org/{instance.name}'


class Plain(Images):
    """With little switched on."""

    @classmethod
    def get_iiif_features(cls) -> Features:
        off = 'cors baseUriRedirect mirroring png canonicalLinkHeader profileLinkHeader'
        return Features(frozenset([*off.split(), 'jsonldMediaType']))


class Folder(IIIFMixin, LargeImageFolderDetailMixin, viewsets.ViewSet):
    """The files of MEDIA_ROOT's folder `scans`."""

    def get_folder(self) -> Any:
        return settings.MEDIA_ROOT / 'scans'


router = IIIFRouter()
router.register('iiif', Images)
for name, viewset in {
    'names': Names,
    'slugs': Slugs,
    'private': Private,
    'described': Described,
    'plain': Plain,
    'folder': Folder,
}.items():
    router.register(name, viewset, basename=name)

urlpatterns = [
    path('', include(router.urls)),
    path('in/<slug:place>/', include((router.urls, 'inner'))),
]
