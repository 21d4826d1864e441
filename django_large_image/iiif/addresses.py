"""The addresses of an IIIF service, as its clients write them."""

from __future__ import annotations

from urllib.parse import quote, unquote

from django.http import HttpRequest
from django.urls import ResolverMatch, reverse

# What a URI may hold as it is, and `%`: what the client has encoded stays so.
_SAFE = "%/:@!$&'()*+,;=~"
# The parts of our own patterns.
_OWN = ('identifier', 'path', 'version')


def host_uri(request: HttpRequest) -> str:
    """Return scheme and host of a request, as Django's settings let proxies tell them."""
    return f'{request.scheme}://{request.get_host()}'


def service_path(match: ResolverMatch, basename: str, version: str, identifier: str) -> str:
    """Return the path of an image service, without a slash at its end.

    `match` is that of a request to the same `IIIFRouter`, `basename` the one given to it.
    """
    name = ':'.join((*match.namespaces, f'{basename}-image'))
    outer = {key: value for key, value in match.kwargs.items() if key not in _OWN}
    path = reverse(name, kwargs={**outer, 'version': version, 'path': 'x'})
    return f'{path.removesuffix("x")}{quote(identifier, safe="")}'


def requested_uri(request: HttpRequest, identifier: str, tail: int) -> str:
    """Return the base URI of the image service that was asked, without a slash at its end.

    `tail` is how many parts the path has after the identifier, which is encoded as the client has
    encoded it, where the server tells.
    """
    base = _without(request.path, tail)
    prefix = base[: len(base) - len(identifier)]
    written = _written(request, prefix, identifier, tail) or quote(identifier, safe='')
    return f'{host_uri(request)}{quote(prefix, safe=_SAFE)}{written}'


def _written(request: HttpRequest, prefix: str, identifier: str, tail: int) -> str:
    """Return the identifier in the words of the client; '' where they cannot be known.

    PATH_INFO is decoded; gunicorn, uWSGI and Apache tell the path as it was sent, too.
    """
    sent = request.META.get('RAW_URI') or request.META.get('REQUEST_URI') or ''
    if not sent or not sent.isascii():
        return ''
    base = _without(sent.partition('?')[0], tail)
    # A proxy may have taken the script's name away.
    for beginning in (prefix, prefix.removeprefix(request.META.get('SCRIPT_NAME') or '')):
        written = base.split('/', beginning.count('/'))[-1]
        if unquote(written) == identifier:
            return quote(written, safe=_SAFE)
    return ''


def _without(path: str, tail: int) -> str:
    return path.rsplit('/', tail)[0] if tail else path.removesuffix('/')
