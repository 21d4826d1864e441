"""URLs of depth images: `path('depth/', include('django_large_image.depth.urls'))`.

A project with rules of its own passes them on, for all views:
`path('depth/', include(patterns(permission_classes=[IsAuthenticated])))`.
"""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, path, re_path
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import SimpleRouter

from django_large_image.depth import views
from django_large_image.depth.pages import PageView
from django_large_image.iiif import IIIFRouter
from django_large_image.iiif.operations import HealthView
from django_large_image.rest.negotiation import NamedByURL

_NAME = 'large-image-depth'


def patterns(**options: Any) -> list[URLPattern | URLResolver]:
    """Return the URLs; `options` are attributes of the views."""
    images = _with(views.DepthImageViewSet, options)
    colormaps = _with(views.ColormapViewSet, options)
    router, iiif = SimpleRouter(), IIIFRouter()
    # With a slash at the end or without; not `/?`, as the router takes the slash of no prefix off.
    router.trailing_slash = '(?:/)?'
    router.register('colormaps', colormaps, f'{_NAME}-colormap')
    router.register('', images, _NAME)
    iiif.register('iiif', images, f'{_NAME}-iiif')
    original = images.as_view(
        {'get': 'original'}, renderer_classes=[JSONRenderer], content_negotiation_class=NamedByURL
    )
    return [
        re_path('^health/?$', HealthView.as_view(viewset=images), name=f'{_NAME}-health'),
        re_path('^image/(?P<pk>[0-9]+)/?$', original, name=f'{_NAME}-original'),
        path('<int:pk>/page/', PageView.as_view(**options), name=f'{_NAME}-page'),
        *iiif.urls,
        *router.urls,
    ]


def _with(viewset: type[Any], options: dict[str, Any]) -> type[Any]:
    """Return a viewset with other attributes."""
    if not options:
        return viewset
    return type(viewset.__name__, (viewset,), {'__module__': viewset.__module__, **options})


urlpatterns = patterns()
