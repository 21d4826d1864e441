"""Regions: the specification's examples, the edge of the image, and what is no region."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError, RegionError
from django_large_image.iiif.region import Region

# The image of the specification's examples.
WIDTH, HEIGHT = 300, 200


@pytest.mark.parametrize(
    ('text', 'window'),
    [
        ('full', (0, 0, 300, 200)),
        ('square', (50, 0, 250, 200)),
        ('125,15,120,140', (125, 15, 245, 155)),
        ('pct:41.6,7.5,40,70', (125, 15, 245, 155)),
        ('125,15,200,200', (125, 15, 300, 200)),
        ('pct:41.6,7.5,66.6,100', (125, 15, 300, 200)),
        ('0,0,300,200', (0, 0, 300, 200)),
        ('299,199,1,1', (299, 199, 300, 200)),
        ('299,199,999999999999999999,999999999999999999', (299, 199, 300, 200)),
        ('00,00,010,010', (0, 0, 10, 10)),
        ('pct:0,0,100,100', (0, 0, 300, 200)),
        ('pct:0,0,1000,1000', (0, 0, 300, 200)),
        # Halves up: neighbours share no pixel and leave none out.
        ('pct:0,0,.5,.25', (0, 0, 2, 1)),
        ('pct:.5,.25,.5,.5', (2, 1, 3, 2)),
        # Less than a pixel is the pixel in which it begins.
        ('pct:50,50,0.0001,0.0001', (150, 100, 151, 101)),
        ('pct:99.99,99.99,0.01,0.01', (299, 199, 300, 200)),
        ('pct:99.99,99.99,50.,50', (299, 199, 300, 200)),
    ],
)
def test_where_a_region_lies(text, window):
    assert Region.parse(text).resolve(WIDTH, HEIGHT) == window


@pytest.mark.parametrize(
    ('size', 'window'),
    [
        ((5, 5), (0, 0, 5, 5)),
        ((1, 8), (0, 3, 1, 4)),
        ((8, 5), (1, 0, 6, 5)),
        ((1, 1), (0, 0, 1, 1)),
    ],
)
def test_a_square_is_in_the_middle(size, window):
    assert Region.parse('square').resolve(*size) == window


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('0,0,0,10', 'empty'),
        ('0,0,10,0', 'empty'),
        ('pct:0,0,0,10', 'empty'),
        ('pct:0,0,10,0.000', 'empty'),
        ('300,0,10,10', 'outside the image of 300 x 200'),
        ('0,200,10,10', 'outside'),
        ('999999999999999999,0,1,1', 'outside'),
        ('pct:100,0,10,10', 'outside'),
        ('pct:0,100.0,10,10', 'outside'),
    ],
)
def test_an_empty_region_and_one_outside(text, says):
    with pytest.raises(RegionError, match=says):
        Region.parse(text).resolve(WIDTH, HEIGHT)


@pytest.mark.parametrize(
    'text',
    [
        *('', ' ', 'Full', 'full ', ' full', 'full\n', 'squared', 'xxxx', '0', '0,0', '0,0,1'),
        *(
            '0,0,1,1,1',
            ',,,',
            '0,0,1,',
            '0, 0,1,1',
            '-1,0,5,5',
            '+1,0,5,5',
            '0.0,0,5,5',
            '1e2,0,1,1',
        ),
        *(
            '0,0,1_0,10',
            '0,0,nan,1',
            '0,0,inf,1',
            '0x1,0,1,1',
            '٣,0,1,1',
            '\uff10,0,1,1',
            '0,0,²,1',
        ),
        *('pct:', 'pct:0,0,1', 'pct:0,0,1,1,1', 'pct:a,0,1,1', 'pct:-1,0,5,5', 'pct:1e1,0,5,5'),
        *('pct:0,0,1/2,1', 'pct:0,0,.,1', 'pct:0,0,1..2,1', 'PCT:0,0,1,1', '0,0,1,1\0'),
        *('pct:0,0,nan,1', 'pct:0,0,inf,1', f'0,0,1,{"9" * 19}', f'0,0,1,{"9" * 100_000}'),
        *(f'pct:0,0,1,{"9" * 100_000}', f'pct:0,0,1,0.{"3" * 100_000}', ',' * 100_000),
    ],
)
def test_what_is_no_region(text):
    with pytest.raises(ParameterError, match='x,y,w,h') as raised:
        Region.parse(text)
    assert len(raised.value.detail) < 200


def test_the_features_that_forms_take():
    forms = ('full', 'square', '0,0,1,1', 'pct:0,0,1,1')
    features = [Region.parse(text).feature for text in forms]
    assert features == [None, 'regionSquare', 'regionByPx', 'regionByPct']


number = st.decimals(0, 200, places=3).map(str)
whole = st.integers(0, 10**18 - 1).map(str)


@given(
    st.one_of(
        st.tuples(*[st.one_of(st.integers(0, 50).map(str), whole)] * 4).map(','.join),
        st.tuples(*[number] * 4).map(lambda box: f'pct:{",".join(box)}'),
        st.sampled_from(['full', 'square']),
    ),
    st.integers(1, 60),
    st.integers(1, 60),
)
@example('pct:99.999,99.999,0.001,0.001', 1, 1)
@example('pct:49.999,0,0.001,100', 3, 1)
def test_a_window_is_in_the_image_and_never_empty(text, width, height):
    try:
        left, top, right, bottom = Region.parse(text).resolve(width, height)
    except RegionError:
        box = [Fraction(part) for part in text.removeprefix('pct:').split(',')]
        ends = (100, 100) if text.startswith('pct') else (width, height)
        assert not box[2] * box[3] or box[0] >= ends[0] or box[1] >= ends[1]
        return
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@given(st.integers(1, 5000), st.lists(st.integers(1, 99_999), min_size=1, max_size=6, unique=True))
def test_regions_in_percent_share_no_pixel(width, cuts):
    """Neighbours whose edges are the same percent meet there, where each has a pixel of its own."""
    edges = [Fraction(cut, 1000) for cut in [0, *sorted(cuts), 100_000]]
    spans = []
    for start, end in pairwise(edges):
        text = f'pct:{float(start):.3f},0,{float(end - start):.3f},100'
        left, _, right, _ = Region.parse(text).resolve(width, 1)
        spans.append((left, right, (end - start) * width / 100))
    assert spans[0][0] == 0
    assert spans[-1][1] == width
    for before, after in pairwise(spans):
        if min(before[2], after[2]) >= 1:
            assert before[1] == after[0]
