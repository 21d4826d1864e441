"""Manifests and collections against the rules of Presentation 3.0."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from django_large_image.iiif.presentation import (
    About,
    ImageService,
    Member,
    Page,
    Rendition,
    collection,
    manifest,
)

BASE = 'https://example.org/iiif'
CONTEXT = 'http://iiif.io/api/presentation/3/context.json'
LICENCE = 'http://creativecommons.org/licenses/by/4.0/'


def page(number: int = 1, size: tuple[int, int] = (4000, 3000), **options: Any) -> Page:
    services = [ImageService(f'{BASE}/{version}/scan-{number}', version) for version in ('3', '2')]
    given = {
        'picture': Rendition('full/max/0/default.jpg', size),
        'thumbnail': Rendition('full/256,192/0/default.jpg', (256, 192)),
        **options,
    }
    return Page(f'Page {number}', services, size, **given)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from nodes(entry)


def check(document: dict[str, Any]) -> None:
    """Assert what the specification says of every resource."""
    assert json.loads(json.dumps(document)) == document
    assert document['@context'] == CONTEXT
    assert next(iter(document)) == '@context'
    assert not any('@context' in node for entry in document['items'] for node in nodes(entry))
    identifiers = []
    for node in nodes(document):
        for name in ('label', 'value', 'summary'):
            if name in node:
                check_language_map(node[name])
        if 'type' not in node:
            continue
        assert re.fullmatch(r'https?://[^\s#]+', node['id']), node
        if node['type'] in ('Manifest', 'Collection', 'Canvas', 'AnnotationPage', 'Annotation'):
            identifiers.append(node['id'])
        for name in ('items', 'thumbnail', 'metadata', 'service'):
            assert isinstance(node.get(name, []), list)
        if node['type'] in ('Manifest', 'Collection'):
            assert node['label']
    assert len(set(identifiers)) == len(identifiers)


def check_language_map(value: Any) -> None:
    assert value
    for language, texts in value.items():
        assert re.fullmatch(r'none|[a-z]{2,3}(-\w+)*', language)
        assert texts
        assert all(isinstance(text, str) and text for text in texts)


def test_a_manifest_shows_each_page_on_a_canvas():
    document = manifest(f'{BASE}/3/book/manifest', About('A book'), [page(1), page(2, (11, 70))])
    check(document)
    assert (document['type'], document['id']) == ('Manifest', f'{BASE}/3/book/manifest')
    assert document['label'] == {'none': ['A book']}
    assert [(c['width'], c['height']) for c in document['items']] == [(4000, 3000), (11, 70)]
    for number, canvas in enumerate(document['items'], 1):
        assert canvas['type'] == 'Canvas'
        assert canvas['label'] == {'none': [f'Page {number}']}
        (annotations,) = canvas['items']
        assert annotations['type'] == 'AnnotationPage'
        (annotation,) = annotations['items']
        assert (annotation['type'], annotation['motivation']) == ('Annotation', 'painting')
        assert annotation['target'] == canvas['id']
        body = annotation['body']
        assert body['id'] == f'{BASE}/3/scan-{number}/full/max/0/default.jpg'
        assert (body['type'], body['format']) == ('Image', 'image/jpeg')
        assert (body['width'], body['height']) == (canvas['width'], canvas['height'])
        assert body['service'] == [
            {'id': f'{BASE}/3/scan-{number}', 'type': 'ImageService3', 'profile': 'level2'},
            {
                '@id': f'{BASE}/2/scan-{number}',
                '@type': 'ImageService2',
                'profile': 'http://iiif.io/api/image/2/level2.json',
            },
        ]


def test_a_thumbnail_stands_with_the_manifest_and_its_canvas():
    small = Rendition('full/25,/0/default.png', (25, 19), 'image/png')
    document = manifest(f'{BASE}/m', About('M'), [page(thumbnail=small)])
    (thumbnail,) = document['thumbnail']
    assert thumbnail == {
        'id': f'{BASE}/3/scan-1/full/25,/0/default.png',
        'type': 'Image',
        'format': 'image/png',
        'width': 25,
        'height': 19,
    }
    assert document['items'][0]['thumbnail'] == [thumbnail]


def test_without_a_thumbnail():
    document = manifest(f'{BASE}/m', About('M'), [page(thumbnail=None)])
    check(document)
    assert 'thumbnail' not in document
    assert 'thumbnail' not in document['items'][0]


def test_limits_say_how_large_a_picture_is_while_the_canvas_keeps_its_size():
    limited = page(size=(4000, 3000), picture=Rendition('full/max/0/default.jpg', (200, 150)))
    canvas = manifest(f'{BASE}/m', About('M'), [limited])['items'][0]
    body = canvas['items'][0]['items'][0]['body']
    assert (canvas['width'], canvas['height']) == (4000, 3000)
    assert (body['width'], body['height']) == (200, 150)


@pytest.mark.parametrize('level', [0, 1, 2])
def test_services_say_the_level_that_they_reach(level):
    services = [ImageService(BASE, '3', level), ImageService(BASE, '2', level)]
    picture = Rendition('full/max/0/default.jpg', (4, 3))
    document = manifest(f'{BASE}/m', About('M'), [Page('P', services, (4, 3), picture)])
    found = document['items'][0]['items'][0]['items'][0]['body']['service']
    assert [service['profile'] for service in found] == [
        f'level{level}',
        f'http://iiif.io/api/image/2/level{level}.json',
    ]


def test_what_is_said_of_a_manifest():
    about = About(
        {'en': 'The sea', 'fr': ['La mer', 'Les mers']},
        summary='A map.',
        attribution={'en': 'A museum'},
        rights=LICENCE,
        metadata={'Date': '1850', 'Maker': {'none': ['One', 'Two']}},
        thumbnail='https://example.org/thumbnail.jpg',
    )
    document = manifest(f'{BASE}/m', about, [page()])
    check(document)
    assert document['label'] == {'en': ['The sea'], 'fr': ['La mer', 'Les mers']}
    assert document['summary'] == {'none': ['A map.']}
    assert document['rights'] == LICENCE
    assert document['requiredStatement'] == {
        'label': {'en': ['Attribution']},
        'value': {'en': ['A museum']},
    }
    assert document['metadata'] == [
        {'label': {'en': ['Date']}, 'value': {'none': ['1850']}},
        {'label': {'en': ['Maker']}, 'value': {'none': ['One', 'Two']}},
    ]
    assert document['thumbnail'] == [
        {'id': 'https://example.org/thumbnail.jpg', 'type': 'Image', 'format': 'image/jpeg'}
    ]


def test_what_is_not_said_is_left_out():
    document = manifest(f'{BASE}/m', About('M'), [page()])
    assert set(document) == {'@context', 'id', 'type', 'label', 'thumbnail', 'items'}


def test_rights_in_words_are_no_uri():
    document = manifest(f'{BASE}/m', About('M', rights='All rights reserved'), [page()])
    check(document)
    assert 'rights' not in document
    assert document['metadata'] == [
        {'label': {'en': ['Rights']}, 'value': {'none': ['All rights reserved']}}
    ]


def test_a_canvas_is_named_without_the_query_of_its_manifest():
    document = manifest(f'{BASE}/m?page=2', About('M'), [page()])
    assert document['id'] == f'{BASE}/m?page=2'
    assert document['items'][0]['id'] == f'{BASE}/m/canvas/1'


def test_a_manifest_without_a_page_is_refused():
    with pytest.raises(ValueError, match='page'):
        manifest(f'{BASE}/m', About('M'), [])


def test_a_collection_names_its_members():
    members = [
        Member(f'{BASE}/m/1', About('One', thumbnail='https://example.org/1.jpg')),
        Member(f'{BASE}/m/2', About('Two', rights=LICENCE)),
        Member(f'{BASE}/c?page=2', About('More'), 'Collection'),
    ]
    document = collection(f'{BASE}/c', About('All', attribution='A museum'), members)
    check(document)
    assert (document['type'], document['id']) == ('Collection', f'{BASE}/c')
    assert [(item['type'], item['id']) for item in document['items']] == [
        ('Manifest', f'{BASE}/m/1'),
        ('Manifest', f'{BASE}/m/2'),
        ('Collection', f'{BASE}/c?page=2'),
    ]
    assert document['items'][0]['thumbnail'][0]['id'] == 'https://example.org/1.jpg'
    assert document['items'][1]['rights'] == LICENCE
    assert all('items' not in item for item in document['items'])


def test_an_empty_collection_is_one():
    document = collection(f'{BASE}/c', About('All'), [])
    check(document)
    assert document['items'] == []
