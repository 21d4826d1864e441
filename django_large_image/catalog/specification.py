"""The OpenAPI of one catalogue, by which clients of Terracotta tell whether they know its paths."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.urls import path
from drf_yasg import openapi
from drf_yasg.codecs import OpenAPICodecJson
from drf_yasg.generators import OpenAPISchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from django_large_image import __version__
from django_large_image.catalog.base import CatalogView
from django_large_image.catalog.models import Catalog
from django_large_image.catalog.routes import routes
from django_large_image.catalog.schema import schema_of

# That of Terracotta, whose paths and answers are ours as well: its clients compare the first two
# numbers with their own.
INTERFACE = '0.10'


class SpecificationView(CatalogView):
    """What can be asked of a catalogue."""

    swagger_schema = None

    def get(self, request: Request, catalog: str) -> Response:
        """Return OpenAPI 2.0, whose version is that of the interface."""
        found = Catalog.objects.get(pk=schema_of(catalog).catalog)
        info = {
            'title': str(found),
            'description': f'The interface of Terracotta {INTERFACE}, and more, by '
            f'django-large-image {__version__}.',
            'version': INTERFACE,
        }
        base = request.path.removesuffix('/swagger.json')
        return Response({**_described(), 'info': info, 'basePath': base})


@cache
def _described() -> dict[str, Any]:
    """Return what is the same for all catalogues."""
    patterns = [path(route, view.as_view(**attributes)) for route, view, attributes, _ in routes()]
    generator = OpenAPISchemaGenerator(openapi.Info('', INTERFACE), patterns=patterns)
    described = generator.get_schema(None, public=True)
    found: dict[str, Any] = json.loads(OpenAPICodecJson([]).encode(described))
    return found
