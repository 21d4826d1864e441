"""The page of a catalogue: a map with its datasets, a search, and the colours they are shown in."""

from __future__ import annotations

from django.middleware.csrf import get_token
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.models import Catalog
from django_large_image.catalog.schema import schema_of
from django_large_image.conf import settings
from django_large_image.viewers import package_urls, surroundings


class PageView(CatalogView):
    """The page; its JavaScript asks the paths below its own URL, which ends in a slash."""

    renderer_classes = [TemplateHTMLRenderer]
    template_name = 'django_large_image/catalog.html'
    swagger_schema = None

    def get(self, request: Request, catalog: str) -> Response:
        """Return the page; raises `MissingError` where there is no such catalogue."""
        found = schema_of(catalog)
        about = Catalog.objects.get(pk=found.catalog)
        config = {
            'title': str(about),
            'base': request.path,
            'keys': [
                {'name': key.name, 'kind': key.kind, 'description': key.description}
                for key in found.keys
            ],
            'tileSize': settings.TILE_SIZE,
            # DRF's session authentication asks for it where somebody who is logged in posts.
            'token': get_token(request._request),
            'urls': package_urls(),
            **surroundings(),
        }
        return Response({'object': about, 'config': config})
