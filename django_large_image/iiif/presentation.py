"""IIIF Presentation API 3.0: manifests and collections, the documents that viewers open.

All builders take absolute URIs and give dictionaries ready for JSON; nothing is fetched or opened.
Source: https://iiif.io/api/presentation/3.0/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from django_large_image.iiif.versions import PROTOCOL

CONTEXT = 'http://iiif.io/api/presentation/3/context.json'
# A text in no language in particular, or texts by language code.
Text: TypeAlias = str | Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class ImageService:
    """An image's base URI in the Image API, without `/info.json`, the API's version, and the level
    that the service reaches.
    """

    uri: str
    version: Literal['2', '3'] = '3'
    level: int = 2


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture of an image: its path below the service, its width and height, its media type."""

    path: str
    size: tuple[int, int]
    media_type: str = 'image/jpeg'


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a manifest, a collection or one of its members.

    `rights` is the URI of a licence or of a rights statement; any other text is shown among the
    metadata. `attribution` is what viewers have to show. `thumbnail` is the URI of a JPEG picture,
    by default one of the first image.
    """

    label: Text
    summary: Text = ''
    attribution: Text = ''
    rights: str = ''
    metadata: Mapping[str, Text] = field(default_factory=dict)
    thumbnail: str = ''


@dataclass(frozen=True, slots=True)
class Page:
    """One image of a manifest: what a canvas shows.

    `size` is (width, height) as the services show the image, `picture` what the canvas shows of it.
    The first of the `services` is the one that pictures are named by.
    """

    label: Text
    services: Sequence[ImageService]
    size: tuple[int, int]
    picture: Rendition
    thumbnail: Rendition | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A manifest, or another collection, in a collection."""

    uri: str
    about: About
    kind: Literal['Manifest', 'Collection'] = 'Manifest'


def manifest(uri: str, about: About, pages: Sequence[Page]) -> dict[str, Any]:
    """Return the manifest at an URI: one canvas per page, in their order.

    Raises `ValueError` without pages, which makes no manifest.
    """
    if not pages:
        raise ValueError('A manifest has at least one page.')
    return {
        '@context': CONTEXT,
        'id': uri,
        'type': 'Manifest',
        **_described(about, pages[0]),
        'items': [_canvas(uri, number, page) for number, page in enumerate(pages, 1)],
    }


def collection(uri: str, about: About, members: Sequence[Member]) -> dict[str, Any]:
    """Return the collection at an URI; those of many members have collections for members."""
    return {
        '@context': CONTEXT,
        'id': uri,
        'type': 'Collection',
        **_described(about),
        'items': [
            {'id': member.uri, 'type': member.kind, **_described(member.about)}
            for member in members
        ],
    }


def language_map(text: Text) -> dict[str, list[str]]:
    """Return texts by language; `none` stands for no language in particular."""
    if isinstance(text, str):
        return {'none': [text]}
    return {
        language: [value] if isinstance(value, str) else list(value)
        for language, value in text.items()
    }


def _described(about: About, page: Page | None = None) -> dict[str, Any]:
    """Return the label and what else is said."""
    said: dict[str, Any] = {'label': language_map(about.label)}
    if about.summary:
        said['summary'] = language_map(about.summary)
    named = about.rights.startswith(('http://', 'https://'))
    shown = dict(about.metadata)
    if about.rights and not named:
        shown['Rights'] = about.rights
    if shown:
        said['metadata'] = [_entry(label, value) for label, value in shown.items()]
    if about.attribution:
        said['requiredStatement'] = _entry('Attribution', about.attribution)
    if named:
        said['rights'] = about.rights
    if about.thumbnail:
        said['thumbnail'] = [{'id': about.thumbnail, 'type': 'Image', 'format': 'image/jpeg'}]
    elif page is not None:
        said.update(_thumbnail(page))
    return said


def _entry(label: str, value: Text) -> dict[str, Any]:
    return {'label': {'en': [label]}, 'value': language_map(value)}


def _canvas(uri: str, number: int, page: Page) -> dict[str, Any]:
    width, height = page.size
    canvas = f'{uri.partition("?")[0]}/canvas/{number}'
    annotation = {
        'id': f'{canvas}/annotation',
        'type': 'Annotation',
        'motivation': 'painting',
        'body': {
            **_picture(page, page.picture),
            'service': [_service(service) for service in page.services],
        },
        'target': canvas,
    }
    return {
        'id': canvas,
        'type': 'Canvas',
        'label': language_map(page.label),
        'height': height,
        'width': width,
        **_thumbnail(page),
        'items': [{'id': f'{canvas}/page', 'type': 'AnnotationPage', 'items': [annotation]}],
    }


def _thumbnail(page: Page) -> dict[str, Any]:
    """Return the property of a page's thumbnail; nothing where there is none."""
    return {} if page.thumbnail is None else {'thumbnail': [_picture(page, page.thumbnail)]}


def _picture(page: Page, picture: Rendition) -> dict[str, Any]:
    width, height = picture.size
    return {
        'id': f'{page.services[0].uri}/{picture.path}',
        'type': 'Image',
        'format': picture.media_type,
        'width': width,
        'height': height,
    }


def _service(service: ImageService) -> dict[str, str]:
    level = f'level{service.level}'
    # A service of version 2 is described in the words of version 2.
    if service.version == '2':
        profile = f'{PROTOCOL}/2/{level}.json'
        return {'@id': service.uri, '@type': 'ImageService2', 'profile': profile}
    return {'id': service.uri, 'type': 'ImageService3', 'profile': level}
