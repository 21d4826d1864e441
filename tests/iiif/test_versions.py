"""What differs between versions: levels, words, media types."""

from __future__ import annotations

import pytest

from django_large_image.iiif.features import ALL_ON, FEATURES, NAMES, Features
from django_large_image.iiif.versions import VERSIONS


@pytest.mark.parametrize(
    ('off', 'classic', 'modern'),
    [
        ('', 2, 2),
        ('webp tif gif jp2 pdf rotationArbitrary mirroring sizeUpscaling', 2, 2),
        ('profileLinkHeader canonicalLinkHeader', 2, 2),
        ('regionSquare', 2, 0),
        ('sizeByPct', 0, 1),
        ('bitonal', 1, 2),
        ('gray', 1, 1),
        ('png', 1, 1),
        ('rotationBy90s', 1, 1),
        ('cors', 0, 0),
        ('cors png', 0, 0),
        ('jpg', 0, 0),
    ],
)
def test_the_level_of_what_is_on(off, classic, modern):
    features = Features(frozenset(off.split()))
    assert VERSIONS['2'].level(features) == classic
    assert VERSIONS['3'].level(features) == modern
    assert VERSIONS['3'].profile(features) == f'http://iiif.io/api/image/3/level{modern}.json'


@pytest.mark.parametrize('version', VERSIONS.values(), ids=VERSIONS)
def test_the_words_are_known(version):
    assert version.context == f'http://iiif.io/api/image/{version.name}/context.json'
    assert version.required(2) <= NAMES
    assert version.required(0) == {'jpg'}
    assert set(version.words) <= set(FEATURES)
    assert version.level(ALL_ON) == 2


def test_media_types():
    assert (VERSIONS['2'].json_ld, VERSIONS['2'].prefers_json_ld) == ('application/ld+json', False)
    expected = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    assert (VERSIONS['3'].json_ld, VERSIONS['3'].prefers_json_ld) == (expected, True)
