"""`{% load large_image %}`: viewers, thumbnails and URLs of an image by the name of its route.

Every tag takes the object first (none for non-detail viewsets), then `basename` (the router's, with
a namespace where there is one) and `lookup_field`, `lookup_kwarg`, `lookup_value` as the viewset
has them; `query` is a query string that its hooks want. Other keywords belong to the route, such as
the parent's key of a nested router.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context, Engine
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_large_image import viewers

register = template.Library()


@register.simple_tag(takes_context=True)
def large_image_viewer(
    context: Context, instance: Any = None, basename: str = 'image', **options: Any
) -> SafeString:
    """Render the 2D viewer: a web map for a geospatial image, its pixel space otherwise."""
    viewer = _viewer(context, 'map', instance, basename, **options)
    return _render(context, 'django_large_image/_include/viewer.html', viewer)


@register.simple_tag(takes_context=True)
def large_image_globe(
    context: Context, instance: Any = None, basename: str = 'image', **options: Any
) -> SafeString:
    """Render the globe: CesiumJS with the image draped over it."""
    viewer = _viewer(context, 'globe', instance, basename, **options)
    return _render(context, 'django_large_image/_include/globe.html', viewer)


@register.simple_tag(takes_context=True)
def large_image_zoom(
    context: Context,
    instance: Any = None,
    basename: str = 'image',
    iiif: str = '',
    identifier: str = '',
    **options: Any,
) -> SafeString:
    """Render the zoom viewer: OpenSeadragon over the image's own pixels.

    Tiles are those of Deep Zoom, or of the IIIF service at the `IIIFRouter` whose basename `iiif`
    is, under an `identifier` (by default the value of the lookup).
    """
    viewer = _viewer(
        context, 'zoom', instance, basename, iiif=iiif, identifier=identifier, **options
    )
    return _render(context, 'django_large_image/_include/zoom.html', viewer)


@register.simple_tag(takes_context=True)
def large_image_config(
    context: Context,
    kind: viewers.Kind,
    instance: Any = None,
    basename: str = 'image',
    **options: Any,
) -> viewers.Viewer:
    """Return the `viewers.Viewer` that the included templates work with (`... as viewer`)."""
    return _viewer(context, kind, instance, basename or 'image', **options)


@register.simple_tag
def large_image_page_config(kind: viewers.Kind, image: Any = None) -> viewers.Viewer:
    """Return a viewer for a page of 0.10, whose script names the image unless `image` does."""
    return viewers.Viewer(
        kind,
        title=str(image or ''),
        image_id='' if image is None else str(image.pk),
        legacy=True,
    )


@register.simple_tag(takes_context=True)
def large_image_url(
    context: Context,
    instance: Any,
    action: str,
    basename: str = 'image',
    fmt: str = '',
    **options: Any,
) -> str:
    """Return the URL of an action; a tile's keeps `{z}`, `{x}` and `{y}` for JavaScript."""
    path = {'fmt': fmt} if fmt else {}
    return _lookup(context, basename, **options).url(instance, action, **path)


@register.simple_tag(takes_context=True)
def large_image_thumbnail(
    context: Context,
    instance: Any = None,
    basename: str = 'image',
    width: int = 256,
    height: int = 0,
    alt: str | None = None,
    **options: Any,
) -> SafeString:
    """Render a picture of at most `width` x `height` pixels, loaded when it scrolls into sight."""
    lookup = _lookup(context, basename, **options)
    return format_html(
        '<img class="li-thumbnail" loading="lazy" decoding="async" src="{}" alt="{}">',
        viewers.thumbnail_url(instance, lookup, width=width, height=height),
        str(instance or '') if alt is None else alt,
    )


def _viewer(
    context: Context,
    kind: viewers.Kind,
    instance: Any,
    basename: str,
    *,
    title: str | None = None,
    height: str = '',
    controls: bool = True,
    iiif: str = '',
    identifier: str = '',
    **options: Any,
) -> viewers.Viewer:
    lookup = _lookup(context, basename, **options)
    urls = lookup.urls(instance or None)
    if iiif:
        urls['iiif-info'] = lookup.info_url(instance or None, iiif, identifier)
    return viewers.Viewer(
        kind,
        urls,
        title=str(instance or '') if title is None else title,
        height=height,
        controls=controls,
    )


def _lookup(
    context: Context,
    basename: str,
    lookup_field: str = 'pk',
    lookup_kwarg: str = '',
    lookup_value: Any = None,
    query: str = '',
    **extra: Any,
) -> viewers.Lookup:
    return viewers.Lookup(
        basename, lookup_field, lookup_kwarg, lookup_value, extra, query, _current_app(context)
    )


def _current_app(context: Context) -> str | None:
    request = context.get('request')
    match = getattr(request, 'resolver_match', None)
    current: str | None = getattr(request, 'current_app', None)
    return current or (match.namespace if match else None)


def _render(context: Context, name: str, viewer: viewers.Viewer) -> SafeString:
    # As Django's own `include` does: the page's template engine, the page's variables.
    engine = context.template.engine if context.template else Engine.get_default()
    found = engine.get_template(name)
    with context.push(viewer=viewer):
        return found.render(context)
