"""What a path asks for, and what a number is."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError
from django_large_image.iiif.syntax import (
    DECIMAL,
    INTEGER,
    half_up,
    nearest,
    split_path,
    split_quality,
)

# By what they hold: those of the specification's table of URIs, as WSGI decodes them.
IDENTIFIERS = [
    'id1',
    'ark:/12025/654xz321',
    'urn:foo:a123,456',
    'urn:sici:1046-8188(199501)13:1%3C69:FTTHBI%3E2.0.TX;2-4',
    'http://example.com/?54#a',
    'scans/2024/page 1.tif',
    'Straße/картина.jp2',
    '../../etc/passwd',
    'full/max/0/default.jpg',
    'info.json',
    'a\nb',
]


@pytest.mark.parametrize('identifier', IDENTIFIERS)
def test_identifiers_may_hold_slashes(identifier):
    assert split_path(f'{identifier}/info.json') == (identifier, 'info', ())
    parts = ('pct:10,10,80,80', '50,', '!22.5', 'color.jpg')
    assert split_path('/'.join((identifier, *parts))) == (identifier, 'image', parts)


@pytest.mark.parametrize(
    'identifier',
    [*IDENTIFIERS[:8], 'info.json', 'archive/2019/12/03/scan.tif', 'a/b/c/d/e.jpg'],
)
def test_the_base_uri_of_a_file_in_folders(identifier):
    assert split_path(identifier) == (identifier, 'base', ())
    assert split_path(f'{identifier}/') == (identifier, 'base', ())


@pytest.mark.parametrize(
    'path',
    [
        'id/xxxx/max/0/default.jpg',
        'id/full/xxxx/0/default.jpg',
        'id/full/max/xxxx/default.jpg',
        'id/full/max/0/xxxx.jpg',
        'id/full/max/0/default.xxxx',
        'id/full/max/0/default',
        'id//max/0/default.jpg',
        'id/full//0/default.jpg',
        'id/full/max/0/',
        'id/1e2,0,9,9/1_2,/0/default.jpg',
        'id/full/max/nan/xxxx.jpg',
    ],
)
def test_an_image_request_with_a_fault_is_still_one(path):
    found = split_path(path)
    assert found.identifier == 'id'
    assert found.kind == 'image'
    assert len(found.parts) == 4


@pytest.mark.parametrize('path', ['', '/', 'full/max/0/default.jpg', 'info.json', '//', 'a'])
def test_what_is_too_short_is_an_identifier(path):
    assert split_path(path).kind == 'base'


@given(st.text(max_size=60), st.sampled_from(['', '/info.json', '/full/max/0/default.png']))
def test_any_path_is_split_without_loss(identifier, tail):
    found = split_path(identifier + tail)
    parts = ['info.json'] if found.kind == 'info' else found.parts
    whole = '/'.join((found.identifier, *parts))
    assert whole in (identifier + tail, (identifier + tail).removesuffix('/'))
    if tail:
        assert found.identifier == identifier


@pytest.mark.parametrize(
    ('text', 'integer', 'decimal'),
    [
        ('0', True, True),
        ('007', True, True),
        ('9' * 18, True, True),
        ('9' * 19, False, True),
        ('9' * 37, False, False),
        ('0.' + '3' * 34, False, True),
        ('0.' + '3' * 35, False, False),
        ('22.5', False, True),
        ('.5', False, True),
        ('5.', False, True),
        *(
            (text, False, False)
            for text in (
                *('', '.', '..', '1.2.3', '1e2', '1E2', '1_2', '+1', '-1', '-0', ' 1', '1 ', '1\n'),
                *(
                    'nan',
                    'NaN',
                    'inf',
                    'Infinity',
                    '0x10',
                    '1/2',
                    '1,5',
                    '٣',
                    '\uff11',
                    '²',
                    '½',
                    '1\0',
                ),
            )
        ),
    ],
)
def test_numbers_are_digits_and_a_dot(text, integer, decimal):
    assert bool(re.fullmatch(INTEGER, text)) is integer
    assert bool(re.fullmatch(DECIMAL, text)) is decimal


def test_quality_and_format():
    assert split_quality('default.jpg') == ('default', 'jpg')
    assert split_quality('gray.jp2') == ('gray', 'jp2')


@pytest.mark.parametrize(
    'text',
    ['', '.', 'default', 'default.', '.jpg', 'default.jpg.', 'a.b.jpg', 'default.jpg\n', 'Ж.jpg'],
)
def test_what_is_no_quality_and_format(text):
    with pytest.raises(ParameterError, match=r'default\.jpg'):
        split_quality(text)


def test_halves_are_rounded_up():
    assert [half_up(n, 2) for n in range(6)] == [0, 1, 1, 2, 2, 3]
    assert nearest(Fraction('2.5')) == 3
    assert nearest(Fraction('2.4999')) == 2


@given(st.integers(0, 10**30), st.integers(1, 10**30))
def test_the_nearest_whole_number(numerator, denominator):
    found = half_up(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - found) <= Fraction(1, 2)
