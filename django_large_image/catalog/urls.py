"""URLs of catalogues: `path('catalogs/', include('django_large_image.catalog.urls'))`.

A project with rules of its own passes them on, for all views:
`path('catalogs/', include(patterns(permission_classes=[IsAuthenticated])))`.
"""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from django_large_image.catalog import pages, views
from django_large_image.catalog.routes import picture_routes


def patterns(**options: Any) -> list[URLPattern]:
    """Return the URLs; `options` are attributes of the views."""
    return [
        path(route, view.as_view(**options), name=f'large-image-catalog-{name}')
        for route, view, name in (
            ('', views.CatalogsView, 'list'),
            ('<slug:catalog>/', pages.PageView, 'page'),
            ('<slug:catalog>/keys', views.KeysView, 'keys'),
            ('<slug:catalog>/datasets', views.DatasetsView, 'datasets'),
            ('<slug:catalog>/metadata', views.ManyMetadataView, 'metadata-list'),
            ('<slug:catalog>/metadata/<path:keys>', views.MetadataView, 'metadata'),
        )
    ] + [
        path(
            f'<slug:catalog>/{route}',
            view.as_view(**attributes, **options),
            name=f'large-image-catalog-{name}',
        )
        for route, view, attributes, name in picture_routes()
    ]


urlpatterns = patterns()
