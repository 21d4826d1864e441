"""info.json: word by word, and that each of its tiles and sizes can be fetched."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_large_image.iiif.features import FEATURES, NAMES, Features, Limits
from django_large_image.iiif.info import Pyramid, Tiles, build_info
from django_large_image.iiif.request import ImageRequest

URI = 'https://example.org/iiif/scan'
PYRAMID = Pyramid.of(6000, 4000, (512, 512), (1, 2, 4))


def test_a_regular_pyramid():
    assert Pyramid.of(1001, 3, (256, 128), [4, 1, 2]) == Pyramid(
        1001, 3, (Tiles(256, 128, (1, 2, 4)),), ((251, 1), (501, 2), (1001, 3))
    )


def test_version_2():
    off = Features(frozenset({'pdf', 'canonicalLinkHeader'}))
    assert build_info('2', URI, PYRAMID, Limits(3000, 2000, 4_000_000), off) == {
        '@context': 'http://iiif.io/api/image/2/context.json',
        '@id': URI,
        'protocol': 'http://iiif.io/api/image',
        'width': 6000,
        'height': 4000,
        'profile': [
            'http://iiif.io/api/image/2/level2.json',
            {
                'formats': ['jpg', 'png', 'webp', 'tif', 'gif', 'jp2'],
                'qualities': ['default', 'color', 'gray', 'bitonal'],
                'supports': [
                    *('baseUriRedirect', 'cors', 'jsonldMediaType', 'mirroring'),
                    *('profileLinkHeader', 'regionByPct', 'regionByPx', 'regionSquare'),
                    *('rotationArbitrary', 'rotationBy90s', 'sizeByConfinedWh', 'sizeByH'),
                    *('sizeByPct', 'sizeByW', 'sizeByDistortedWh', 'sizeByWh', 'sizeAboveFull'),
                ],
                'maxWidth': 3000,
                'maxHeight': 2000,
                'maxArea': 4_000_000,
            },
        ],
        'sizes': [{'width': 1500, 'height': 1000}],
        'tiles': [{'width': 512, 'height': 512, 'scaleFactors': [1, 2, 4]}],
    }


def test_version_3():
    off = Features(frozenset({'pdf', 'canonicalLinkHeader'}))
    info = build_info('3', URI, PYRAMID, Limits(3000, 2000, 6_000_000), off)
    assert info == {
        '@context': 'http://iiif.io/api/image/3/context.json',
        'id': URI,
        'type': 'ImageService3',
        'protocol': 'http://iiif.io/api/image',
        'profile': 'level2',
        'width': 6000,
        'height': 4000,
        'maxWidth': 3000,
        'maxHeight': 2000,
        'maxArea': 6_000_000,
        'sizes': [{'width': 1500, 'height': 1000}, {'width': 3000, 'height': 2000}],
        'tiles': [{'width': 512, 'height': 512, 'scaleFactors': [1, 2, 4]}],
        'extraFormats': ['webp', 'tif', 'gif', 'jp2'],
        'extraQualities': ['color', 'gray', 'bitonal'],
        'extraFeatures': ['mirroring', 'profileLinkHeader', 'rotationArbitrary', 'sizeUpscaling'],
    }
    # The specification wants the context to be the first key.
    assert next(iter(info)) == '@context'


@pytest.mark.parametrize(
    ('limits', 'told'),
    [
        (Limits(), {}),
        (Limits(width=100), {'maxWidth': 100, 'maxHeight': 100}),
        (Limits(height=100), {'maxWidth': 100, 'maxHeight': 100}),
        (Limits(area=100), {'maxArea': 100}),
        (Limits(scale=0.5), {'maxWidth': 3000, 'maxHeight': 2000}),
        (Limits(scale=2, width=7000), {'maxWidth': 7000, 'maxHeight': 7000}),
    ],
)
def test_limits_are_told(limits, told):
    modern = build_info('3', URI, PYRAMID, limits)
    classic = build_info('2', URI, PYRAMID, limits)['profile'][1]
    for found in (modern, classic):
        assert {name: value for name, value in found.items() if name.startswith('max')} == told


@pytest.mark.parametrize(
    ('limits', 'on'),
    # A service that enlarges has to tell how far.
    [(Limits(), False), (Limits(area=9), True), (Limits(scale=2), True), (Limits(scale=1), False)],
)
def test_enlarging_is_told(limits, on):
    assert ('sizeUpscaling' in build_info('3', URI, PYRAMID, limits)['extraFeatures']) is on
    supports = build_info('2', URI, PYRAMID, limits)['profile'][1]['supports']
    assert ('sizeAboveFull' in supports) is on


def test_lower_levels_tell_the_rest():
    off = Features(frozenset({'png', 'sizeByPct', 'gray', 'rotationArbitrary'}))
    modern = build_info('3', URI, PYRAMID, Limits(area=10**6), off)
    assert modern['profile'] == 'level1'
    assert modern['extraFormats'] == ['webp', 'tif', 'gif', 'jp2', 'pdf']
    assert modern['extraQualities'] == ['color', 'bitonal']
    assert modern['extraFeatures'] == [
        *('canonicalLinkHeader', 'mirroring', 'profileLinkHeader', 'regionByPct', 'rotationBy90s'),
        *('sizeByConfinedWh', 'sizeByWh', 'sizeUpscaling'),
    ]
    classic = build_info('2', URI, PYRAMID, Limits(), off)
    assert classic['profile'][0] == 'http://iiif.io/api/image/2/level0.json'


def test_the_least_a_service_can_do():
    off = Features(NAMES - {'jpg'})
    assert set(build_info('3', URI, PYRAMID, features=off)) == {
        *('@context', 'id', 'type', 'protocol', 'profile', 'width', 'height')
    }
    profile = build_info('2', URI, PYRAMID, features=off)['profile']
    assert profile == [
        'http://iiif.io/api/image/2/level0.json',
        {'formats': ['jpg'], 'qualities': ['default'], 'supports': []},
    ]


def test_tiles_and_sizes_that_cannot_be_asked_for_are_left_out():
    assert 'tiles' not in build_info(
        '3', URI, PYRAMID, features=Features(frozenset({'regionByPx'}))
    )
    assert 'sizes' in build_info('3', URI, PYRAMID, features=Features(frozenset({'regionByPx'})))
    assert 'sizes' not in build_info('2', URI, PYRAMID, features=Features(frozenset({'sizeByW'})))
    info = build_info('3', URI, PYRAMID, Limits(scale=0.1))
    assert 'tiles' not in info
    assert 'sizes' not in info


def test_tiles_that_limits_make_alike_are_one():
    pyramid = Pyramid(6000, 4000, (Tiles(512, 512, (1, 2)), Tiles(1024, 2048, (4, 2))))
    assert build_info('3', URI, pyramid)['tiles'] == [
        {'width': 512, 'height': 512, 'scaleFactors': [1, 2]},
        {'width': 1024, 'height': 2048, 'scaleFactors': [2, 4]},
    ]
    assert build_info('3', URI, pyramid, Limits(width=300))['tiles'] == [
        {'width': 300, 'height': 300, 'scaleFactors': [1, 2, 4]}
    ]


def test_rights_have_the_versions_names():
    extra = {
        'rights': 'http://rightsstatements.org/vocab/InC-EDU/1.0/',
        'attribution': 'Provided by Example Organization',
        'logo': 'http://example.com/logo.png',
        'service': [{'id': 'x'}],
        'seeAlso': None,
        'maxArea': 5,
    }
    classic = build_info('2', URI, PYRAMID, extra=extra)
    assert classic['license'] == extra['rights']
    assert classic['attribution'] == extra['attribution']
    assert classic['logo'] == extra['logo']
    assert classic['service'] == [{'id': 'x'}]
    assert not {'rights', 'seeAlso'} & set(classic)
    modern = build_info('3', URI, PYRAMID, extra=extra)
    assert modern['rights'] == extra['rights']
    assert modern['maxArea'] == 5
    assert not {'license', 'attribution', 'logo', 'seeAlso'} & set(modern)
    assert build_info('3', URI, PYRAMID, extra={'license': 'x'})['rights'] == 'x'


@pytest.mark.parametrize(
    'given', ['http://e.org/c.json', ['http://e.org/c.json'], ('http://e.org/c.json',)]
)
def test_contexts_of_extensions_stand_before_iiifs(given):
    own = 'http://iiif.io/api/image/3/context.json'
    info = build_info('3', URI, PYRAMID, extra={'@context': given})
    assert info['@context'] == ['http://e.org/c.json', own]
    assert next(iter(info)) == '@context'
    again = build_info('3', URI, PYRAMID, extra={'@context': info['@context']})
    assert again['@context'] == info['@context']
    # In 2.1 it is that one.
    classic = build_info('2', URI, PYRAMID, extra={'@context': given})
    assert classic['@context'] == 'http://iiif.io/api/image/2/context.json'


def requests(version, info):
    """Yield every tile and size of info.json as the specification has clients ask for them, and
    the size that they expect.
    """
    width, height = info['width'], info['height']
    for size in info.get('sizes', ()):
        yield 'full', (size['width'], size['height'])
    for tiles in info.get('tiles', ()):
        for factor in tiles['scaleFactors']:
            across, down = tiles['width'] * factor, tiles['height'] * factor
            for top in range(0, height, down):
                for left in range(0, width, across):
                    w, h = min(across, width - left), min(down, height - top)
                    yield f'{left},{top},{w},{h}', (-(-w // factor), -(-h // factor))


@given(
    st.sampled_from(['2', '3']),
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.tuples(st.integers(200, 600), st.integers(200, 600)),
    st.sets(st.sampled_from([1, 2, 3, 4, 8, 16, 64])),
    st.builds(
        Limits,
        st.none() | st.integers(50, 3000),
        st.none() | st.integers(50, 3000),
        st.none() | st.integers(2000, 10**6),
        st.none() | st.sampled_from([0.05, 0.25, 1 / 3, 0.333, 0.9, 1, 2]),
    ),
    st.sets(st.sampled_from(FEATURES), max_size=3),
)
@example('3', (1, 1), (256, 256), {1}, Limits(), set())
@example('2', (3000, 1), (256, 256), {1, 64}, Limits(scale=1), set())
def test_all_that_is_promised_can_be_fetched(version, size, tile, factors, limits, off):
    features = Features(frozenset(off))
    pyramid = Pyramid.of(*size, tile, factors)
    info = json.loads(json.dumps(build_info(version, URI, pyramid, limits, features)))
    for region, expected in requests(version, info):
        text = f'{expected[0]},{expected[1]}'
        request = ImageRequest.parse(version, region, text, '0', 'default.jpg')
        found = request.resolve(*size, limits, features)
        assert found.size == expected
        told = info if version == '3' else info['profile'][1]
        assert expected[0] <= told.get('maxWidth', 10**9)
        assert expected[1] <= told.get('maxHeight', 10**9)
        assert expected[0] * expected[1] <= told.get('maxArea', 10**18)
