"""What a request asks for: parameters and style, parsed once per query string.

Tiles of one look differ in their place only: the rest is remembered, unless the viewset has a
`get_query_param` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, QueryDict
from rest_framework.request import Request

from django_large_image.conf import settings
from django_large_image.exceptions import StyleError
from django_large_image.pixels.style import Style
from django_large_image.rest.base import ImageHooks, keeps_hooks, style_said
from django_large_image.rest.parameters import ALIASES, PLACE, Parameters, is_absent

# Longer query strings are rare and would fill the memory that short ones are kept in.
MAX_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, as far as its URL says.

    `query` is the frozen value of the endpoint's table; `key` is equal for equal values. `style`
    and `opening`, the keywords of `open_source`, are None where only hooks can tell.
    """

    query: Any
    key: str
    style: Style | None = None
    opening: dict[str, str] | None = None


def ask(
    view: ImageHooks, request: Request, kwargs: Mapping[str, Any], table: type[Parameters]
) -> Asked:
    """Return what path and query string ask for; raises DRF's `ValidationError` with every wrong
    field.

    A wrong style is not raised here, but when it is wanted.
    """
    known = table._declared_fields
    named = {name: str(value) for name, value in kwargs.items() if name in known}
    if not keeps_hooks(view, 'get_query_param'):
        return _parsed(table, _told(view, request, named, table))
    place, text = table.place(named), query_string(request._request)
    if place is None or len(text) > MAX_REMEMBERED or not text.isascii():
        return _parsed(table, _said(request.query_params, named, table))
    look = tuple([entry for entry in named.items() if entry[0] not in PLACE])
    alike = _remembered(table, text, request._request.encoding, look, settings.fingerprint())
    query = table.placed(alike.query, place)
    return Asked(query, f'{alike.key}{place}', alike.style, alike.opening)


def query_string(request: HttpRequest) -> str:
    """Return the query string that is in force."""
    # A middleware that has read it may have changed it.
    given: QueryDict | None = request.__dict__.get('GET')
    return request.META.get('QUERY_STRING', '') if given is None else given.urlencode()


@lru_cache(maxsize=1024)
def _remembered(
    table: type[Parameters],
    text: str,
    encoding: str | None,
    named: tuple[tuple[str, str], ...],
    settings_in_force: str,
) -> Asked:
    """Return what all requests that differ in their place only ask for, but for the place."""
    given = QueryDict(text, encoding=encoding)
    nowhere = dict.fromkeys(PLACE, '0')
    asked = _parsed(table, _said(given, {**nowhere, **dict(named)}, table))
    opening = {name: given[name] for name in ('projection', 'source') if name in given}
    opening = {name: value for name, value in opening.items() if name in table.names()}
    opening = {name: value for name, value in opening.items() if not is_absent(value)}
    style = None
    if 'style' in table.names():
        try:
            style = parse_style(style_said(lambda key: str(given.get(key, ''))))
        except StyleError:
            # Whether the image may be seen comes first: it is parsed again, and refused then.
            style = None
    key = _look(table, asked.query)
    return replace(asked, key=key, style=style, opening=opening)


def parse_style(style: str | dict[str, Any] | None) -> Style:
    """Return a style with the functions that the settings allow; raises `StyleError`."""
    return Style.parse(style, allowed_functions=frozenset(settings.STYLE_FUNCTIONS))


def _parsed(table: type[Parameters], raw: Mapping[str, object]) -> Asked:
    query = table.parse(raw)
    place = tuple(getattr(query, name) for name in PLACE if name in table.names())
    return Asked(query, f'{_look(table, query)}{place}')


def _look(table: type[Parameters], query: Any) -> str:
    return repr([getattr(query, name) for name in table.names() if name not in PLACE])


def _said(
    given: Mapping[str, Any], named: Mapping[str, str], table: type[Parameters]
) -> dict[str, object]:
    """Return the parameters that are there; what the path names wins."""
    said: dict[str, object] = {name: given[name] for name in table.names() if name in given}
    for name, alias in ALIASES.items():
        if alias in given and name in table.names() and is_absent(said.get(name)):
            said[name] = given[alias]
    return {**said, **named}


def _told(
    view: ImageHooks, request: Request, named: Mapping[str, str], table: type[Parameters]
) -> dict[str, object]:
    """Return all parameters as the viewset's hook tells them."""

    def tell(name: str) -> object:
        if name in named:
            return named[name]
        value = view.get_query_param(request, name)
        alias = ALIASES.get(name)
        return view.get_query_param(request, alias) if alias and is_absent(value) else value

    return {name: tell(name) for name in table.names()}
