"""The hooks of a viewset that serves images; a developer overrides them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from large_image.tilesource import FileTileSource
from rest_framework.request import Request

from django_large_image.exceptions import BudgetError, ParameterError, StyleError
from django_large_image.rest.parameters import ALIASES, is_absent
from django_large_image.sources.opening import open_source
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.paths import path_reference

# The parameters that make a style of one band.
_BAND_STYLE = ('min', 'max', 'palette', 'nodata', 'scheme')


class ImageHooks:
    """From a request to an open tile source, in steps of the names that django-large-image 0.10
    gave them.

    Requires of the class it is mixed into nothing but what a step says itself.
    """

    @classmethod
    def get_extra_actions(cls) -> list[Any]:
        """Return DRF's list of actions, tiles before our others: Django tries URLs in this order.

        No action of the viewset's own changes its place among ours.
        """
        actions = super().get_extra_actions()  # type: ignore[misc]
        ours = itertools.groupby(actions, key=lambda action: hasattr(action, 'declared'))
        return [
            action
            for _, run in ours
            for action in sorted(run, key=lambda action: action.url_name != 'tile')
        ]

    def get_path(self, request: Request, pk: Any = None) -> Any:
        """Return where the image lies: a path, a VSI path, or an `ImageReference`.

        The permission of the object is checked here, by `self.get_object()`.
        """
        raise NotImplementedError(
            f'{type(self).__name__} does not say where its images lie: define '
            'get_path(request, pk), or mix in LargeImageFileDetailMixin and set FILE_FIELD_NAME.'
        )

    def get_reference(self, request: Request, pk: Any = None) -> ImageReference:
        """Return the reference of the image: its path and version."""
        return path_reference(self.get_path(request, pk))

    def get_cache_vary(self, request: Request) -> Any:
        """Return what else decides the pixels, when other hooks look at more than the documented
        parameters.

        It becomes part of ETags and cache keys: the user's name, say, where `open_tile_source`
        depends on it.
        """
        return ''

    def get_query_param(self, request: Request, key: str, default: Any = '') -> str:
        """Return one query parameter as text; every parameter passes through here."""
        return str(request.query_params.get(key, str(default)))

    def get_style(self, request: Request) -> dict[str, Any] | None:
        """Return the style asked for as large-image's dictionary, None for the default look.

        It comes from the JSON body of a POST, else from `style`, else from the parameters of one
        band.
        """
        if request.method == 'POST':
            body = _body(request)
            if not isinstance(body, dict):
                raise StyleError('The style in the body has to be a JSON object.')
            if body:
                return dict(body)
        return style_said(lambda key: self.get_query_param(request, key))

    def open_tile_source(self, request: Request, path: Any, **kwargs: Any) -> FileTileSource:
        """Open the image with a tile source; override to choose another one."""
        source = self.get_query_param(request, 'source')
        return open_source(
            path_reference(path), source=None if is_absent(source) else source, **kwargs
        )

    def open_image(
        self,
        request: Request,
        path: Any,
        encoding: str | None = None,
        style: bool | str | dict[str, Any] = True,
    ) -> FileTileSource:
        """Open the image in the projection, encoding and style asked for; `style` True takes it
        from the request.
        """
        kwargs: dict[str, Any] = {}
        if encoding:
            kwargs['encoding'] = encoding
        chosen = self.get_style(request) if style is True else style
        if chosen:
            kwargs['style'] = chosen if isinstance(chosen, str) else json.dumps(chosen)
        projection = self.get_query_param(request, 'projection')
        if not is_absent(projection):
            kwargs['projection'] = projection
        return self.open_tile_source(request, path, **kwargs)

    def get_tile_source(
        self,
        request: Request,
        pk: Any = None,
        encoding: str | None = None,
        style: bool | str | dict[str, Any] = True,
    ) -> FileTileSource:
        """Return the open tile source of the image; this package's own actions ask for it
        without a style.
        """
        return self.open_image(
            request, self.find_reference(request, pk), encoding=encoding, style=style
        )

    def find_reference(self, request: Request, pk: Any = None) -> ImageReference:
        """Return `get_reference`, asked once per request: it costs a query and the object's
        permission.
        """
        known: dict[Any, ImageReference] = self.__dict__.setdefault('_image_references', {})
        if pk not in known:
            known[pk] = self.get_reference(request, pk)
        return known[pk]

    def forget_references(self) -> None:
        """Let go of what the request asked for: a view and its request hold each other for long."""
        self.__dict__.pop('_image_references', None)


def keeps_hooks(view: ImageHooks, *names: str) -> bool:
    """Whether a viewset overrides none of these hooks, so that what they do is known."""
    cls = type(view)
    for name in names:  # noqa: SIM110 - every tile asks; `all` of a generator takes twice as long
        if getattr(cls, name) is not getattr(ImageHooks, name):
            return False
    return True


def style_said(say: Callable[[str], str]) -> dict[str, Any] | None:
    """Return the style that query parameters describe; `say(name)` gives one of them as text.

    Raises `StyleError` for what is no JSON.
    """
    text = say('style')
    if not is_absent(text):
        return _load_style(text)
    style: dict[str, Any] = {}
    for key in _BAND_STYLE:
        value = say(key)
        if key in ALIASES and is_absent(value):
            value = say(ALIASES[key])
        if not is_absent(value):
            style[key] = _palette(value) if key == 'palette' else value
    band = say('band')
    if not is_absent(band) and band != '0':
        style['band'] = int(band) if band.isdecimal() else band
    elif style:
        style['band'] = 1
    return style or None


def _body(request: Request) -> Any:
    # Some versions of DRF read a body of any length.
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit is not None and int(request.META.get('CONTENT_LENGTH') or 0) > limit:
        raise BudgetError('The style in the body is too long.')
    try:
        return request.data
    except LookupError:
        raise ParameterError('The character set of the body is unknown.') from None


def _load_style(text: str) -> dict[str, Any]:
    try:
        style = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise StyleError('`style` is not valid JSON; is it URL-encoded?') from None
    if not isinstance(style, dict):
        raise StyleError('`style` has to be a JSON object.')
    return style


def _refuse_constant(name: str) -> float:
    raise StyleError(f'`style` holds {name}, which is no number of JSON.')


def _palette(value: str) -> str | list[str]:
    """Return the name of a palette, or the colours that commas or a JSON list separate."""
    if value.startswith('['):
        try:
            colors = json.loads(value)
        except (ValueError, RecursionError):
            raise StyleError('`palette` is not a valid list of colours.') from None
        return colors  # type: ignore[no-any-return]
    if ',' in value and '(' not in value:
        return [color.strip() for color in value.split(',')]
    return value
