"""The OpenAPI document of the example project, and the pages that show it."""

from __future__ import annotations

from typing import Any

from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny


class SchemaGenerator(OpenAPISchemaGenerator):
    """Writes paths without the slash at the end, which our router takes or leaves."""

    def coerce_path(self, path: str, view: Any) -> str:
        return super().coerce_path(path, view).rstrip('/')


schema = get_schema_view(
    openapi.Info(
        title='django-large-image example',
        default_version='v1',
        description='Every image as tiles, regions, thumbnails, pixels and histograms.',
    ),
    public=True,
    permission_classes=[AllowAny],
    generator_class=SchemaGenerator,
)
