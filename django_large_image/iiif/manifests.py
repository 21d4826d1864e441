"""Presentation 3.0 of a viewset's images: a manifest of each, and a collection of all."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any, Literal, cast

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from django_large_image.exceptions import ParameterError
from django_large_image.iiif.addresses import host_uri, requested_uri, service_path
from django_large_image.iiif.hooks import IIIFHooks
from django_large_image.iiif.image import IIIFImage
from django_large_image.iiif.parameters import NOTHING
from django_large_image.iiif.presentation import (
    CONTEXT,
    About,
    ImageService,
    Member,
    Page,
    Text,
    collection,
    manifest,
)
from django_large_image.iiif.renditions import Renditions
from django_large_image.iiif.versions import VERSIONS
from django_large_image.rest.endpoints import serve
from django_large_image.rest.responses import finish, make_etag, not_modified

MEDIA_TYPE = f'application/ld+json;profile="{CONTEXT}"'


class ManifestActions(IIIFHooks):
    """Manifests and collections, and the hooks that say what stands in them.

    `instance` is an object of the model; None where the viewset has none.
    """

    # A collection of more images has collections of so many for members.
    iiif_collection_size: int = 500

    def get_iiif_title(self, instance: Any) -> Text:
        """Return the title of an image."""
        return '' if instance is None else str(instance)

    def get_iiif_thumbnail(self, instance: Any) -> str:
        """Return the URI of a JPEG picture; '' lets viewers find one themselves."""
        return ''

    def get_iiif_rights(self, instance: Any) -> str:
        """Return the URI of a licence or of a rights statement, or what else to say of rights."""
        return ''

    def get_iiif_about(self, instance: Any) -> About:
        """Return all that is said of an image: override it to add a summary or metadata."""
        return About(
            label=self.get_iiif_title(instance),
            rights=self.get_iiif_rights(instance),
            thumbnail=self.get_iiif_thumbnail(instance),
        )

    def get_iiif_collection_about(self) -> About:
        """Return what is said of the collection of all images."""
        meta = self.get_queryset().model._meta  # type: ignore[attr-defined]
        return About(label=str(meta.verbose_name_plural).capitalize())

    def iiif_manifest(self, request: Request, identifier: str, **kwargs: Any) -> Any:
        """The manifest of an image."""
        return serve('iiif-manifest', self, request, lambda: _answer_manifest(self, identifier))

    def iiif_collection(self, request: Request, **kwargs: Any) -> Any:
        """The collection of the viewset's images; `?page=` is a part of a large one."""
        return serve('iiif-collection', self, request, lambda: _answer_collection(self))


def _answer_manifest(view: ManifestActions, identifier: str) -> HttpResponseBase:
    image = IIIFImage(view, '3', identifier, NOTHING, told=True)
    about = view.get_iiif_about(image.instance)
    # A label is required.
    label = about.label or identifier.rpartition('/')[2]
    facts = image.pyramid()
    size = (facts.width, facts.height)
    versions = cast(tuple[Literal['2', '3'], ...], view.iiif_versions)
    services = [
        ImageService(_uri(view, name, identifier), name, VERSIONS[name].level(image.features))
        for name in reversed(versions)
    ]
    pictures = Renditions(versions[-1], facts, image.limits_of(size), image.features)
    page = Page(label, services, size, pictures.largest(), pictures.thumbnail())
    uri = f'{requested_uri(view.request._request, identifier, 1)}/manifest'
    return _answer(view, manifest(uri, dataclasses.replace(about, label=label), [page]))


def _answer_collection(view: ManifestActions) -> HttpResponseBase:
    if not hasattr(view, 'get_queryset'):
        raise NotFound('These images are in no queryset, so there is no collection of them.')
    queryset = view.filter_queryset(view.get_queryset())  # type: ignore[attr-defined]
    if not queryset.ordered:
        queryset = queryset.order_by('pk')
    about, uri = view.get_iiif_collection_about(), _requested(view)
    count = -(-queryset.count() // view.iiif_collection_size)
    asked = view.request.query_params.get('page')
    if asked is None and count > 1:
        parts = (
            Member(f'{uri}?page={page}', About(label=str(page)), 'Collection')
            for page in range(1, count + 1)
        )
        return _answer(view, collection(uri, about, list(parts)))
    page = _page(asked, count)
    first = (page - 1) * view.iiif_collection_size
    members = _members(view, queryset[first : first + view.iiif_collection_size])
    name = uri if asked is None else f'{uri}?page={page}'
    return _answer(view, collection(name, about, list(members)))


def _page(asked: str | None, count: int) -> int:
    """Return the number of a part of a collection, from 1; raises `ParameterError`, `Http404`."""
    if asked is None:
        return 1
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 10):
        raise ParameterError('`page` is a number, from 1.')
    if not 1 <= int(asked) <= max(1, count):
        raise Http404
    return int(asked)


def _members(view: ManifestActions, instances: Any) -> Iterator[Member]:
    for instance in instances:
        identifier = view.get_iiif_identifier(instance)
        yield Member(f'{_uri(view, "3", identifier)}/manifest', view.get_iiif_about(instance))


def _uri(view: ManifestActions, version: str, identifier: str) -> str:
    """Return the base URI of an image service beside the one that was asked."""
    request = view.request._request
    match = cast(ResolverMatch, request.resolver_match)
    return f'{host_uri(request)}{service_path(match, view.basename or "", version, identifier)}'


def _requested(view: ManifestActions) -> str:
    return view.request.build_absolute_uri(view.request.path)


def _answer(view: ManifestActions, document: dict[str, Any]) -> HttpResponseBase:
    body = json.dumps(document, ensure_ascii=False).encode()
    etag = make_etag(body)
    response = not_modified(view.request, etag)
    if response is None:
        response = HttpResponse(body, content_type=MEDIA_TYPE)
    return finish(response, cast(Any, view), etag)
