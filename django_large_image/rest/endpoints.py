"""Endpoints: an action written once becomes a DRF action of detail and of non-detail viewsets.

An action is a method `(self, image, query)` that returns data or a `Binary`. `endpoint` says its
path and parameters; `routed` wraps it into the way every request goes: parse, permission, ETag,
cache, action, response.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from django_large_image import cache
from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError, ReplacedError
from django_large_image.metrics import outcome, stage
from django_large_image.rest import openapi
from django_large_image.rest.asked import ask
from django_large_image.rest.errors import translating
from django_large_image.rest.image import RequestedImage
from django_large_image.rest.negotiation import NamedByURL
from django_large_image.rest.parameters import Parameters
from django_large_image.rest.responses import (
    Binary,
    finish,
    make_etag,
    make_response,
    not_modified,
)
from django_large_image.rest.timing import observed

Method = Literal['get', 'post']
Action = Callable[[Any, RequestedImage, Any], Any]
C = TypeVar('C', bound=type)


@dataclass(frozen=True)
class Endpoint:
    """What `endpoint` was told of an action.

    `answer` is the schema of a JSON answer; without one the answer is a picture, or a file of
    `media_type`. `cached` puts the answer into the tile cache. `styled` endpoints take a style,
    also as the body of a POST.
    """

    name: str
    path: str
    table: type[Parameters]
    summary: str
    answer: Any = None
    media_type: str | None = None
    cached: bool = False
    styled: bool = False

    @property
    def methods(self) -> tuple[Method, ...]:
        """The HTTP methods."""
        return ('get', 'post') if self.styled else ('get',)


def endpoint(
    name: str, path: str, table: type[Parameters], summary: str, **options: Any
) -> Callable[[Action], Action]:
    """Mark an action as the endpoint `{basename}-{name}` at `path` below the image."""

    def mark(function: Action) -> Action:
        function.endpoint = Endpoint(name, path, table, summary, **options)  # type: ignore[attr-defined]
        return function

    return mark


def routed(detail: bool) -> Callable[[C], C]:
    """Return a class decorator that makes DRF actions of all endpoints of a class and its bases."""

    def decorate(cls: C) -> C:
        for name in dir(cls):
            function = getattr(cls, name)
            if hasattr(function, 'endpoint'):
                setattr(cls, name, _drf_action(function, function.endpoint, detail))
        return cls

    return decorate


def _drf_action(function: Action, declared: Endpoint, detail: bool) -> Callable[..., Any]:
    # The order in which django-large-image 0.10 took positional arguments, for overrides that call
    # super().
    order = [name for name in ('x', 'y', 'z') if f'(?P<{name}>' in declared.path] + ['pk', 'fmt']

    def handler(self: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        kwargs.update(zip(order, args))  # noqa: B905
        answer = functools.partial(_answer, self, request, kwargs, function, declared)
        return serve(declared.name, self, request, answer)

    handler.declared = declared  # type: ignore[attr-defined]
    handler.__name__, handler.__doc__ = function.__name__, function.__doc__
    handler.__qualname__, handler.__module__ = function.__qualname__, function.__module__
    options: dict[str, Any] = {}
    if declared.answer is None:
        options = {'renderer_classes': [JSONRenderer], 'content_negotiation_class': NamedByURL}
    if declared.styled:
        options['parser_classes'] = [JSONParser]
    wrapped = action(
        detail=detail,
        methods=list(declared.methods),
        url_path=declared.path,
        url_name=declared.name,
        **options,
    )(handler)
    return openapi.documented(
        wrapped,
        declared.table,
        declared.path,
        summary=declared.summary,
        answer=declared.answer,
        media_type=declared.media_type,
        methods=declared.methods,
    )


def serve(
    name: str, view: Any, request: Request, answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Return the answer of an endpoint, timed and counted under its name; errors become DRF's.

    It is asked for once more when the file was replaced while it was read.
    """

    def twice() -> HttpResponseBase:
        try:
            return answer()
        except ReplacedError:
            # Of the file that is there now.
            view.forget_references()
            return answer()

    try:
        if settings.METRICS or settings.SERVER_TIMING:
            return observed(name, view, request, twice)
        return translating(request, twice)
    finally:
        view.forget_references()


def _answer(
    view: Any, request: Request, kwargs: dict[str, Any], function: Action, declared: Endpoint
) -> HttpResponseBase:
    with stage('parse'):
        asked = ask(view, request, kwargs, declared.table)
    image = RequestedImage(view, request, _lookup(view, kwargs), asked)
    identity = _identity(image, declared)
    etag = make_etag(*identity, _media(request)) if identity is not None else None
    unchanged = not_modified(request, etag)
    if unchanged is not None:
        return finish(unchanged, view, etag)

    def work() -> Any:
        with stage('action'):
            return function(view, image, asked.query)

    if declared.cached and identity is not None and settings.TILE_CACHE:
        payload = _cached(cache.make_key(*identity), work)
    else:
        payload = work()
    return finish(make_response(payload), view, etag)


def _lookup(view: Any, kwargs: dict[str, Any]) -> Any:
    """Return the value of the viewset's own lookup, whatever its name in the URL."""
    name = getattr(view, 'lookup_url_kwarg', None) or getattr(view, 'lookup_field', 'pk')
    return kwargs.get(str(name), kwargs.get('pk'))


def _identity(image: RequestedImage, declared: Endpoint) -> tuple[object, ...] | None:
    """Return what decides the bytes of the answer; None when the version of the image is
    unknown.
    """
    reference = image.reference
    if not reference.identity:
        return None
    view = type(image.view)
    style = image.style.key if declared.styled else ''
    vary = image.view.get_cache_vary(image.request)
    return (
        f'{view.__module__}.{view.__qualname__}.{declared.name}',
        *reference.identity,
        image.asked.key,
        style,
        vary,
        settings.fingerprint(),
    )


def _media(request: Request) -> str:
    renderer = getattr(request, 'accepted_renderer', None)
    return str(renderer.media_type) if renderer is not None else ''


def _cached(key: str, work: Callable[[], Any]) -> Any:
    def make() -> Any:
        outcome('cache', 'miss')
        return _store(work())

    with stage('cache'):
        outcome('cache', 'hit')
        return _restore(cache.get_or_make(key, make))


def _store(payload: Any) -> Any:
    if isinstance(payload, Binary):
        if not isinstance(payload.body, bytes):
            raise BudgetError
        return payload.media_type.encode() + b'\0' + payload.body
    return payload


def _restore(stored: Any) -> Any:
    if isinstance(stored, bytes):
        media_type, body = stored.split(b'\0', 1)
        return Binary(body, media_type.decode())
    return stored
