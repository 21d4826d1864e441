"""IIIF Presentation API 3.0: manifests and collections, the documents that viewers open.

All builders take absolute URIs and give dictionaries ready for JSON; nothing is fetched or opened.
Source: https://iiif.io/api/presentation/3.0/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

CONTEXT = 'http://iiif.io/api/presentation/3/context.json'
# A text in no language in particular, or texts by language code.
Text: TypeAlias = str | Mapping[str, str | Sequence[str]]

# The largest side of a thumbnail in pixels.
_THUMBNAIL = 256


@dataclass(frozen=True, slots=True)
class ImageService:
    """An image's base URI in the Image API, without `/info.json`, and the API's version."""

    uri: str
    version: Literal['2', '3'] = '3'


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

    `size` is (width, height) as the services show the image, `largest` what they give for `max`
    where limits make that smaller. The first of the `services` is the one that pictures are named
    by.
    """

    label: Text
    services: Sequence[ImageService]
    size: tuple[int, int]
    largest: tuple[int, int] | None = None


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
        said['thumbnail'] = [_thumbnail(page)]
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
            **_picture(page, 'max', page.largest or page.size),
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
        'thumbnail': [_thumbnail(page)],
        'items': [{'id': f'{canvas}/page', 'type': 'AnnotationPage', 'items': [annotation]}],
    }


def _thumbnail(page: Page) -> dict[str, Any]:
    """Return a picture of a page within a square, never enlarged."""
    width, height = page.size
    scale = min(1.0, *(_THUMBNAIL / side for side in page.size))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    if page.largest is not None:
        # Rounding makes no side longer than the service gives.
        small = min(small[0], page.largest[0]), min(small[1], page.largest[1])
    return _picture(page, f'{small[0]},{small[1]}', small)


def _picture(page: Page, size: str, pixels: tuple[int, int]) -> dict[str, Any]:
    return {
        'id': f'{page.services[0].uri}/full/{size}/0/default.jpg',
        'type': 'Image',
        'format': 'image/jpeg',
        'width': pixels[0],
        'height': pixels[1],
    }


def _service(service: ImageService) -> dict[str, str]:
    # A service of version 2 is described in the words of version 2.
    if service.version == '2':
        profile = 'http://iiif.io/api/image/2/level2.json'
        return {'@id': service.uri, '@type': 'ImageService2', 'profile': profile}
    return {'id': service.uri, 'type': 'ImageService3', 'profile': 'level2'}
