"""From an IIIF request to its answer, step by step: parse, permission, ETag, cache, imaging,
headers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import urlencode

from django.http import HttpResponse
from django.http.request import MediaType
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from django_large_image.exceptions import BudgetError, ParameterError
from django_large_image.iiif.addresses import requested_uri
from django_large_image.iiif.derivative import pyramid, render
from django_large_image.iiif.hooks import IIIFHooks, keeps_iiif_hooks
from django_large_image.iiif.image import IIIFImage
from django_large_image.iiif.info import Pyramid, build_info
from django_large_image.iiif.parameters import NOTHING, PictureParameters
from django_large_image.iiif.request import ImageRequest, SplitPath
from django_large_image.iiif.versions import VERSIONS
from django_large_image.metrics import stage
from django_large_image.pixels.formats import get_format
from django_large_image.pixels.turning import turned_size
from django_large_image.rest.asked import ask
from django_large_image.rest.base import keeps_hooks
from django_large_image.rest.parameters import ALIASES, is_absent
from django_large_image.rest.responses import finish, make_etag
from django_large_image.sources.orientation import shown_size

JSON, JSON_LD = 'application/json', 'application/ld+json'
JSON_LD_CONTEXT = 'http://www.w3.org/ns/json-ld#context'
_NO = ('0', 'false', 'no')


def answer_redirect(view: IIIFHooks, version: str, path: SplitPath) -> HttpResponseBase:
    """Return the 303 from the base URI to info.json."""
    image = IIIFImage(view, version, path.identifier, NOTHING)
    image.features.require(('baseUriRedirect',))
    image.reference  # noqa: B018 - nobody learns of an image that is not there for him
    uri = requested_uri(image.request._request, path.identifier, 0)
    return HttpResponse(status=303, headers={'Location': f'{uri}/info.json'})


def answer_info(view: IIIFHooks, version: str, path: SplitPath) -> HttpResponseBase:
    """Return info.json."""
    image = IIIFImage(view, version, path.identifier, NOTHING)
    uri = requested_uri(image.request._request, path.identifier, 1)
    media_type = info_type(image)
    body = None
    if keeps_iiif_hooks(view):
        etag = image.etag('info', uri, media_type)
    else:
        # What the viewset adds may change while the file does not.
        body = _info(image, uri, image.pyramid())
        etag = make_etag(body, media_type)
    response = image.unchanged(etag)
    if response is None:
        if body is None:
            body = image.keep('info', etag, lambda: _info(image, uri, pyramid(image.reader)))
        response = HttpResponse(body, content_type=media_type)
    response['Vary'] = 'Accept'
    if media_type == JSON:
        # What makes linked data of plain JSON.
        context = VERSIONS[version].context
        response['Link'] = f'<{context}>;rel="{JSON_LD_CONTEXT}";type="{JSON_LD}"'
    return finish(response, image.view, etag)


def _info(image: IIIFImage, uri: str, facts: Pyramid) -> bytes:
    extra = image.view.get_iiif_info(image)
    limits = image.limits_of((facts.width, facts.height))
    info = build_info(image.version, uri, facts, limits, image.features, extra)
    return json.dumps(info, ensure_ascii=False).encode()


def info_type(image: IIIFImage) -> str:
    """Return the media type of info.json that the version prefers and the client accepts."""
    version = VERSIONS[image.version]
    if not image.features.allows('jsonldMediaType'):
        return JSON
    # Newer versions of Django leave out of `accepted_types` what is refused.
    said = image.request._request.META.get('HTTP_ACCEPT', '*/*')
    accepted = [MediaType(text) for text in said.split(',')]
    linked, plain = _rank(accepted, 'ld+json'), _rank(accepted, 'json')
    if linked == plain:
        return version.json_ld if version.prefers_json_ld else JSON
    return version.json_ld if linked > plain else JSON


def _rank(accepted: Iterable[MediaType], name: str) -> tuple[float, int]:
    """Return how much a client likes a type of `application/`: the quality that its most specific
    range gives it, and how specific that is.

    Of what is not accepted, that comes last which is refused by name.
    """
    ranges = [
        ((kind.main_type != '*') + (kind.sub_type != '*'), _quality(kind))
        for kind in accepted
        if kind.main_type in ('*', 'application') and kind.sub_type in ('*', name)
    ]
    if not ranges:
        return 0, 0
    specific, quality = max(ranges)
    return (quality, specific) if quality else (-1, specific)


def _quality(kind: MediaType) -> float:
    """Return the quality of a range of `Accept`; 1 for what is none, as Django's newer versions
    have it.
    """
    try:
        quality = float(kind.params.get('q', 1))
    except ValueError:
        return 1
    return quality if 0 <= quality <= 1 else 1


def answer_image(view: IIIFHooks, version: str, path: SplitPath) -> HttpResponseBase:
    """Return the picture that a path asks for."""
    with stage('parse'):
        wanted = ImageRequest.parse(version, *path.parts)
        asked = ask(view, view.request, {'fmt': wanted.format}, PictureParameters)
    image = IIIFImage(view, version, path.identifier, asked)
    etag = image.etag(*path.parts, asked.key, image.style.key)
    unchanged = image.unchanged(etag)
    if unchanged is not None:
        return finish(unchanged, image.view, etag)
    stored = image.keep('derivatives', etag, lambda: _picture(image, wanted))
    media_type, canonical, body = stored.split(b'\0', 2)
    response = HttpResponse(body, content_type=media_type.decode())
    if links := _links(image, path, canonical.decode()):
        response['Link'] = links
    if disposition := _disposition(image, wanted.format):
        response['Content-Disposition'] = disposition
    return finish(response, image.view, etag)


def _picture(image: IIIFImage, wanted: ImageRequest) -> bytes:
    """Return media type, canonical path and bytes of a picture, zeros between them."""
    with stage('action'):
        try:
            size = shown_size(image.reader)
            limits = image.limits_of(size)
            plan = wanted.resolve(*size, limits, image.features)
            get_format(plan.format).check(*turned_size(plan.size, plan.degrees))
            picture = render(image, plan)
        except BudgetError as error:
            raise ParameterError(error.detail) from error
    if not isinstance(picture.body, bytes):
        raise TypeError('A picture is bytes.')
    canonical = wanted.canonical(plan, *size, limits)
    return b'\0'.join((picture.media_type.encode(), canonical.encode(), picture.body))


def _links(image: IIIFImage, path: SplitPath, canonical: str) -> str:
    """Return the header that names the level of the service and the picture's canonical URI."""
    allows, links = image.features.allows, []
    if allows('profileLinkHeader'):
        links.append(f'<{VERSIONS[image.version].profile(image.features)}>;rel="profile"')
    if allows('canonicalLinkHeader'):
        uri = requested_uri(image.request._request, path.identifier, len(path.parts))
        links.append(f'<{uri}/{canonical}{_look(image)}>;rel="canonical"')
    return ','.join(links)


def _look(image: IIIFImage) -> str:
    """Return the query of a canonical URI: what decides the pixels, in one order; '' for none."""
    given = image.request.query_params
    if not given:
        return ''
    known = {*PictureParameters.names(), *ALIASES.values()} - {'fmt'}
    if not keeps_hooks(image.view, 'get_query_param', 'get_style'):
        # Nobody knows what they look at.
        known = set(given) - {'download'}
    kept = {name: given[name] for name in sorted(known & set(given)) if not is_absent(given[name])}
    return f'?{urlencode(kept)}' if kept else ''


def _disposition(image: IIIFImage, suffix: str) -> str | None:
    """Return the header by which a browser stores the picture as a file; None where it shows it."""
    asked = image.request.query_params.get('download')
    if asked is None or asked.lower() in _NO:
        return None
    stem, _, last = image.identifier.rpartition('/')[2].rpartition('.')
    name = re.sub(r'[^\w.-]+', '_', stem or last)
    return content_disposition_header(True, f'{name}.{suffix}')
