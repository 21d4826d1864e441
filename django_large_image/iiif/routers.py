"""The URLs of IIIF services: `IIIFRouter().register('iiif', ImageViewSet, basename='iiif')`."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, include, re_path
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import BaseRouter

from django_large_image.iiif.mixins import IIIFMixin
from django_large_image.iiif.operations import CacheView, HealthView, ImageCacheView, RootView
from django_large_image.rest.negotiation import NamedByURL

View = Callable[..., HttpResponseBase]

# Any character, line feeds too.
_ANYTHING = r'[\s\S]+'
# In seconds; browsers ask again after two hours at most.
_PREFLIGHT_AGE = 7200


class IIIFRouter(BaseRouter):
    """Gives `{prefix}/2/{identifier}/...` and `{prefix}/3/{identifier}/...` to viewsets with
    `IIIFMixin`.

    Beside them stand `{prefix}/3/{identifier}/manifest`, `{prefix}/collection`,
    `{prefix}/health`, and for staff `{prefix}/cache`.
    """

    def get_default_basename(self, viewset: Any) -> str:
        """Return `iiif`."""
        return 'iiif'

    def register(self, prefix: str, viewset: Any, basename: str | None = None) -> None:
        """Add a viewset; raises `ImproperlyConfigured` for one that is no IIIF service."""
        if not issubclass(viewset, IIIFMixin):
            raise ImproperlyConfigured(f'{viewset.__name__} has to be derived from IIIFMixin.')
        if not inspect.ismethod(viewset.get_iiif_features):
            # It is asked without a request, too.
            raise ImproperlyConfigured(
                f'{viewset.__name__}.get_iiif_features() has to be a class method.'
            )
        super().register(prefix, viewset, basename)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the URLs of all services."""
        return [
            pattern
            for prefix, viewset, basename in self.registry
            for pattern in _service(prefix, viewset, basename)
        ]


def _service(prefix: str, viewset: Any, basename: str) -> list[URLPattern | URLResolver]:
    versions = '|'.join(viewset.iiif_versions)
    own = {'authentication_classes': viewset.authentication_classes}

    def action(name: str) -> View:
        view = viewset.as_view(
            {'get': name},
            basename=basename,
            detail=name != 'iiif_collection',
            # Errors are JSON, to a browser too.
            renderer_classes=[JSONRenderer],
            content_negotiation_class=NamedByURL,
            # OpenAPI has no words for these paths, and IIIF has documents of its own.
            schema=None,
        )
        return shared(view, viewset)

    routes: list[tuple[str, View, str]] = [
        (f'3/(?P<identifier>{_ANYTHING})/manifest', action('iiif_manifest'), 'manifest'),
        (f'(?P<version>{versions})/(?P<path>{_ANYTHING})', action('iiif_image'), 'image'),
        ('health', HealthView.as_view(viewset=viewset), 'health'),
        ('cache', CacheView.as_view(**own), 'cache'),
        (
            f'cache/(?P<identifier>{_ANYTHING})',
            ImageCacheView.as_view(service=basename, **own),
            'cache-image',
        ),
        ('collection', action('iiif_collection'), 'collection'),
    ]
    if prefix:
        # Without one, it would stand in for the project's own page.
        root = shared(RootView.as_view(versions=versions), viewset)
        routes.append((f'(?:(?:{versions})/?)?', root, 'root'))
    patterns: list[URLPattern | URLResolver] = [
        re_path(rf'^{route}\Z', view, name=f'{basename}-{name}') for route, view, name in routes
    ]
    # Below one: the project's other URLs are compared with the prefix only.
    return [re_path(f'^{re.escape(prefix)}/', include(patterns))] if prefix else patterns


def service_names() -> set[str]:
    """Return the basenames of the IIIF services that the project has URLs of."""
    waiting: list[URLPattern | URLResolver] = [get_resolver()]
    found = set()
    while waiting:
        pattern = waiting.pop()
        if isinstance(pattern, URLResolver):
            waiting += pattern.url_patterns
        elif getattr(pattern.callback, 'view_class', None) is ImageCacheView:
            view: Any = pattern.callback
            found.add(view.view_initkwargs['service'])
    return found


def shared(view: View, viewset: type[IIIFMixin]) -> View:
    """Return a view whose answers, errors too, pages of any site may read."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not viewset.get_iiif_features().allows('cors'):
            return view(request, *args, **kwargs)
        if request.method == 'OPTIONS':
            return _preflight(request)
        response = view(request, *args, **kwargs)
        response['Access-Control-Allow-Origin'] = '*'
        response['Access-Control-Expose-Headers'] = 'Link, ETag'
        return response

    return answer


def _preflight(request: HttpRequest) -> HttpResponse:
    """Return what a browser asks before it sends headers of its own: no permission is needed."""
    return HttpResponse(
        status=204,
        headers={
            'Allow': 'GET, HEAD, OPTIONS',
            'Access-Control-Allow-Origin': '*',
            'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
            'Access-Control-Allow-Headers': request.headers.get(
                'Access-Control-Request-Headers', '*'
            ),
            'Access-Control-Max-Age': str(_PREFLIGHT_AGE),
        },
    )
