"""What a page needs to show an image: the URLs of its REST actions, as one JSON value per viewer.

The template tags, the admin and the form widget ask this module; none of them builds a URL itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from django_large_image.conf import settings

Kind = Literal['map', 'globe', 'zoom']

# The actions a viewer calls, and what their paths take beside the lookup.
TILE = {'z': '{z}', 'x': '{x}', 'y': '{y}'}
ACTION_KWARGS: dict[str, dict[str, str]] = {
    'metadata': {},
    'bands': {},
    'frames': {},
    'tiles-metadata': {},
    'tile': {**TILE, 'fmt': 'png'},
    'tile-corners': TILE,
    'thumbnail': {'fmt': 'png'},
    'region': {'fmt': 'tif'},
    'pixel': {},
    'histogram': {},
    'tilejson': {},
    'deepzoom': {},
    'deepzoom-tile': {**TILE, 'fmt': 'png'},
}


@dataclasses.dataclass(frozen=True)
class Lookup:
    """How a viewset finds one object: what DRF calls `lookup_field` and `lookup_url_kwarg`.

    `kwarg` defaults to `field`, `value` to that attribute of the object; `extra` are the other
    keyword arguments of the route, such as the parent's key of a nested router. `query` is the
    query string that the viewset's own hooks want, without its question mark.
    """

    basename: str = 'image'
    field: str = 'pk'
    kwarg: str = ''
    value: Any = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    query: str = ''
    current_app: str | None = None

    def kwargs(self, instance: Any) -> dict[str, Any]:
        """Return the keyword arguments of the route; without an object those of `extra` only."""
        value = self.value
        if value is None and instance is not None:
            value = getattr(instance, self.field)
        found = {} if value is None else {self.kwarg or self.field: value}
        return {**self.extra, **found}

    def url(self, instance: Any, action: str, **path: str) -> str:
        """Return the URL of one action, with `{z}`, `{x}`, `{y}` as they are.

        Raises `NoReverseMatch` when the router has no such action.
        """
        kwargs = {**ACTION_KWARGS.get(action, {}), **path, **self.kwargs(instance)}
        found = reverse(f'{self.basename}-{action}', kwargs=kwargs, current_app=self.current_app)
        for placeholder in TILE.values():
            found = found.replace(f'%7B{placeholder[1]}%7D', placeholder)
        return f'{found}?{self.query}' if self.query else found

    def urls(self, instance: Any) -> dict[str, str]:
        """Return every action that the router has, by name.

        Raises `NoReverseMatch` when there are no tiles to show.
        """
        urls = {'tile': self.url(instance, 'tile')}
        for action in ACTION_KWARGS:
            try:
                urls[action] = self.url(instance, action)
            except NoReverseMatch:  # a viewset may leave actions out; the page does without them
                continue
        return urls

    def info_url(self, instance: Any, basename: str, identifier: str = '') -> str:
        """Return the URL of info.json at the `IIIFRouter` of a basename.

        An image is identified by the value of its lookup unless another identifier is given.
        """
        kwargs = {**self.extra, 'version': '3', 'path': 'x'}
        found = reverse(f'{basename}-image', kwargs=kwargs, current_app=self.current_app)
        known = self.kwargs(instance).get(self.kwarg or self.field, '')
        return f'{found.removesuffix("x")}{quote(identifier or str(known), safe="")}/info.json'


@dataclasses.dataclass(frozen=True)
class Viewer:
    """One viewer of one image on a page."""

    kind: Kind
    urls: Mapping[str, str] = dataclasses.field(default_factory=dict)
    title: str = ''
    height: str = ''
    controls: bool = True
    # For pages of django-large-image 0.10: JavaScript finds the image in the page's own variables.
    legacy: bool = False
    image_id: str = ''

    def as_json(self) -> dict[str, Any]:
        """Return what the page's JavaScript reads; everything in it is safe for strangers."""
        return {
            'kind': self.kind,
            'legacy': self.legacy,
            'imageId': self.image_id,
            'title': self.title,
            'height': self.height,
            'urls': {**self.urls, **package_urls()},
            **surroundings(),
        }


def surroundings() -> dict[str, dict[str, str]]:
    """Return what is the same for all images: the static files, and what lies under a map."""
    return {
        'assets': {
            'leaflet': static('django_large_image/vendor/leaflet/leaflet.js'),
            'openseadragon': static('django_large_image/vendor/openseadragon/openseadragon.min.js'),
            'land': static('django_large_image/data/land.json'),
            'palettes': static('django_large_image/data/palettes.json'),
            'cesium': cesium_url(),
        },
        'basemap': {
            'url': settings.BASEMAP_URL,
            'attribution': settings.BASEMAP_ATTRIBUTION,
        },
    }


def thumbnail_url(instance: Any, lookup: Lookup, *, width: int = 256, height: int = 0) -> str:
    """Return the URL of a thumbnail of at most `width` x `height` pixels (`height`: as wide)."""
    url = lookup.url(instance, 'thumbnail')
    query = urlencode({'max_width': width, 'max_height': height or width})
    return f'{url}{"&" if lookup.query else "?"}{query}'


def package_urls() -> dict[str, str]:
    """Return the URL of the list of palettes when the project mounts `django_large_image.urls`."""
    try:
        return {'colormaps': reverse('large-image-colormaps')}
    except NoReverseMatch:
        return {}


def cesium_url() -> str:
    """Return the folder that holds `Cesium.js`, with a slash at its end."""
    url: str = settings.CESIUM_URL or static('django_large_image/cesium/')
    return url if url.endswith('/') else f'{url}/'
