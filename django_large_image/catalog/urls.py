"""URLs of catalogues: `path('catalogs/', include('django_large_image.catalog.urls'))`.

A project with rules of its own passes them on, for all views:
`path('catalogs/', include(patterns(permission_classes=[IsAuthenticated])))`.
"""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from django_large_image.catalog.routes import Route, routes
from django_large_image.catalog.specification import SpecificationView
from django_large_image.catalog.views import CatalogsView, NowhereView

_BESIDE: tuple[Route, ...] = (
    ('swagger.json', SpecificationView, {}, 'specification'),
    # Whatever no other path is.
    ('<large_image_anything:path>', NowhereView, {}, 'nowhere'),
)


def patterns(**options: Any) -> list[URLPattern]:
    """Return the URLs; `options` are attributes of the views."""
    return [path('', CatalogsView.as_view(**options), name='large-image-catalog-list')] + [
        path(
            f'<slug:catalog>/{route}',
            view.as_view(**attributes, **options),
            name=f'large-image-catalog-{name}',
        )
        for route, view, attributes, name in (*routes(), *_BESIDE)
    ]


urlpatterns = patterns()
