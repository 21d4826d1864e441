"""The running of an IIIF service: its caches, for staff, and whether it is well."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache import caches as django_caches
from django.db import connections
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image.conf import settings
from django_large_image.iiif import caches
from django_large_image.rest.negotiation import NamedByURL

logger = logging.getLogger(__name__)


class CacheView(APIView):
    """The caches of all IIIF services, for staff."""

    permission_classes = (IsAdminUser,)
    renderer_classes = (JSONRenderer,)
    schema = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Return how often each cache was asked, what was found and stored, and its size."""
        return Response(caches.statistics())

    def delete(self, request: Request, **kwargs: Any) -> Response:
        """Forget all descriptions and pictures."""
        caches.purge()
        return Response(status=204)


class ImageCacheView(APIView):
    """What is kept of one image, for staff."""

    permission_classes = (IsAdminUser,)
    renderer_classes = (JSONRenderer,)
    schema = None
    service = ''

    def delete(self, request: Request, identifier: str, **kwargs: Any) -> Response:
        """Forget the descriptions and pictures of an image, whether it is there or not."""
        caches.purge(caches.owner_name(self.service, identifier))
        return Response(status=204)


class HealthView(APIView):
    """Whether the service can answer, for load balancers: 200, or 503."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    schema = None
    throttle_classes = ()
    viewset: Any = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Try the cache, and the database where the images are in one."""
        tried = {'cache': _try_cache()}
        queryset = getattr(self.viewset, 'queryset', None)
        if queryset is not None:
            tried['database'] = _try_database(queryset.db)
        well = all(tried.values())
        return Response(
            {
                'status': 'ok' if well else 'failing',
                **{name: 'ok' if fine else 'failing' for name, fine in tried.items()},
            },
            status=200 if well else 503,
            headers={'Cache-Control': 'no-store'},
        )


class RootView(APIView):
    """Nothing: 404 that says where the images are."""

    authentication_classes = ()
    # JSON, to a browser too.
    content_negotiation_class = NamedByURL
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer,)
    schema = None
    throttle_classes = ()
    versions = ''

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Raise `NotFound` with a hint."""
        raise NotFound(
            f'Name an image: {{version}}/{{identifier}}/info.json, the version one of '
            f'{self.versions.replace("|", ", ")}.'
        )


def _try_cache() -> bool:
    try:
        cache = django_caches[settings.CACHE_NAME]
        cache.set('large-image:health', 1, 60)
        return bool(cache.get('large-image:health') == 1)
    except Exception:  # each backend has errors of its own
        logger.warning('The cache fails.', exc_info=True)
        return False


def _try_database(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute('SELECT 1')
    except Exception:  # each driver has errors of its own
        logger.warning('The database fails.', exc_info=True)
        return False
    return True
