"""Sizes of both versions: the specifications' examples, limits, rounding, and what is no size."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError
from django_large_image.iiif.features import UNLIMITED, Limits
from django_large_image.iiif.size import Size, proportional

# The image of the specification's examples, and the validator's.
EXAMPLE, SQUARE = (300, 200), (1000, 1000)
ANY, LOWER, UPPER = ('2', '3'), ('2',), ('3',)


@pytest.mark.parametrize(
    ('text', 'versions', 'size'),
    [
        ('full', LOWER, (300, 200)),
        ('max', ANY, (300, 200)),
        ('150,', ANY, (150, 100)),
        (',150', ANY, (225, 150)),
        ('pct:50', ANY, (150, 100)),
        ('pct:100', ANY, (300, 200)),
        ('pct:.5', ANY, (2, 1)),
        ('225,100', ANY, (225, 100)),
        ('!225,100', ANY, (150, 100)),
        ('!100,999999999999999999', ANY, (100, 67)),
        ('!300,400', ANY, (300, 200)),
        ('300,200', ANY, (300, 200)),
        ('007,', ANY, (7, 5)),
        ('1,1', ANY, (1, 1)),
        # Larger: 2.1 without more ado, 3.0 by ^.
        ('360,', LOWER, (360, 240)),
        (',240', LOWER, (360, 240)),
        ('pct:120', LOWER, (360, 240)),
        ('360,360', LOWER, (360, 360)),
        ('!360,360', LOWER, (360, 240)),
        ('^360,', UPPER, (360, 240)),
        ('^,240', UPPER, (360, 240)),
        ('^pct:120', UPPER, (360, 240)),
        ('^360,360', UPPER, (360, 360)),
        ('^!360,360', UPPER, (360, 240)),
        ('^max', UPPER, (300, 200)),
        ('^150,', UPPER, (150, 100)),
        ('^!225,100', UPPER, (150, 100)),
    ],
)
def test_what_becomes_of_a_region(text, versions, size):
    for version in versions:
        assert Size.parse(text, version).resolve(EXAMPLE) == size


@pytest.mark.parametrize(
    'text',
    [
        *('1500,1500', ',1100', '1001,', 'pct:200', 'pct:100.01', '!2000,3000', '!1001,1001'),
        *('1001,1', '1,1001'),
    ],
)
def test_enlarging_takes_a_caret_in_version_3(text):
    with pytest.raises(ParameterError, match='larger than the region of 1000 x 1000'):
        Size.parse(text, '3').resolve(SQUARE)
    enlarged = Size.parse(f'^{text}', '3').resolve(SQUARE)
    assert enlarged == Size.parse(text, '2').resolve(SQUARE)


def test_more_than_all_is_refused_though_it_rounds_to_the_same():
    with pytest.raises(ParameterError, match='larger'):
        Size.parse('pct:100.01', '3').resolve((10, 10))


@pytest.mark.parametrize(
    ('text', 'version', 'limits', 'size'),
    [
        ('max', '2', Limits(width=200), (200, 133)),
        ('max', '3', Limits(width=200), (200, 133)),
        ('max', '3', Limits(width=200, height=100), (150, 100)),
        ('max', '3', Limits(height=100), (100, 67)),
        ('max', '3', Limits(area=15000), (150, 100)),
        ('max', '3', Limits(area=1), (1, 1)),
        ('max', '3', Limits(scale=0.5), (150, 100)),
        ('max', '3', Limits(scale=3, width=9999), (300, 200)),
        ('max', '2', Limits(scale=3), (300, 200)),
        ('^max', '3', Limits(width=360), (360, 240)),
        ('^max', '3', Limits(area=60000 * 4), (600, 400)),
        ('^max', '3', Limits(scale=3), (900, 600)),
        ('^max', '3', Limits(scale=3, area=60000), (300, 200)),
        ('^!360,360', '3', Limits(budget=60000), (300, 200)),
        ('!360,360', '2', Limits(budget=60000), (300, 200)),
        ('max', '3', Limits(budget=15000), (150, 100)),
        ('^max', '3', Limits(budget=60000 * 4), (300, 200)),
        ('^max', '3', Limits(width=30), (30, 20)),
        ('!360,360', '2', Limits(width=330), (330, 220)),
        ('!360,360', '2', Limits(scale=1), (300, 200)),
        ('^!360,360', '3', Limits(area=60000), (300, 200)),
        ('!225,100', '3', Limits(area=600), (30, 20)),
        ('!2000,3000', '2', Limits(width=1200, height=700), (1050, 700)),
    ],
)
def test_max_and_what_is_confined_fit_the_limits(text, version, limits, size):
    assert Size.parse(text, version).resolve(EXAMPLE, limits) == size


@pytest.mark.parametrize('text', ['full', '300,', ',200', 'pct:100', '300,200', '151,'])
@pytest.mark.parametrize(
    ('limits', 'says'),
    [
        (Limits(width=150), 'wider than 150 pixels'),
        (Limits(height=100, width=9999), 'higher than 100 pixels'),
        (Limits(area=15000), 'more than 15000 pixels'),
        (Limits(scale=0.5), 'wider than 150 pixels'),
    ],
)
def test_other_sizes_over_the_limits_are_refused(text, limits, says):
    with pytest.raises(ParameterError, match=says):
        Size.parse(text, '2').resolve(EXAMPLE, limits)


@pytest.mark.parametrize('text', ['999999999999999999,', ',999999999999999999', 'pct:' + '9' * 36])
def test_no_size_is_boundless(text):
    with pytest.raises(ParameterError, match='pixels, the limit'):
        Size.parse(text, '2').resolve(EXAMPLE)


@pytest.mark.parametrize('text', ['0,', ',0', '0,0', '0,9', '9,0', '!0,9', '!9,0', 'pct:0', '00,'])
@pytest.mark.parametrize('prefix', ['', '^'])
def test_zero_is_no_size(text, prefix):
    with pytest.raises(ParameterError, match='zero'):
        Size.parse(f'{prefix}{text}', '3' if prefix else '2')


@pytest.mark.parametrize('text', ['100,', 'pct:1', 'pct:0.0001', 'pct:0.0000000000000000000001'])
def test_less_than_a_pixel_is_refused(text):
    with pytest.raises(ParameterError, match='less than one pixel'):
        Size.parse(text, '3').resolve((10_000, 20))


@pytest.mark.parametrize(
    ('text', 'limits', 'size'),
    [
        ('!100,100', UNLIMITED, (100, 1)),
        ('max', Limits(width=100), (100, 1)),
        ('max', Limits(area=64), (64, 1)),
        ('max', Limits(area=1), (1, 1)),
    ],
)
def test_what_has_to_fit_a_box_keeps_a_pixel(text, limits, size):
    assert Size.parse(text, '3').resolve((10_000, 20), limits) == size
    lying = Size.parse(text, '3').resolve(
        (20, 10_000), Limits(limits.height, limits.width, limits.area)
    )
    assert lying == size[::-1]


@pytest.mark.parametrize(
    'text',
    [
        *(
            '',
            ' ',
            ',',
            '!',
            '!,',
            '!5,',
            '!,5',
            '5',
            '!5',
            'MAX',
            'max ',
            ' max',
            'max\n',
            'xxxxxx',
        ),
        *('5,5,5', '5, 5', '5,5 ', '5;5', '-5,', '+5,', ',-0', '5.0,', '1e2,', '1_2,', ',1_2'),
        *(
            'nan,',
            ',inf',
            '0x5,',
            '٣,',
            '\uff15,',
            '²,',
            '5,5\0',
            '!!5,5',
            'pct:',
            'pct:%',
            'pct:a',
        ),
        *('pct:-5', 'pct:+5', 'pct:1e1', 'pct:1_0', 'pct:nan', 'pct:inf', 'pct:1/2', 'pct:5.5.5'),
        *('pct: 5', 'pct:5,', 'PCT:5', '5%', f'{"9" * 19},', f',{"9" * 100_000}'),
        *(
            f'pct:{"9" * 100_000}',
            f'pct:0.{"0" * 100_000}',
            '^' * 100_000,
            ',' * 100_000,
            '^',
            '^^5,',
        ),
        *('^full', ',^240', '!^5,5', '^ 5,', 'pct:^5'),
    ],
)
@pytest.mark.parametrize('version', ANY)
def test_what_is_no_size(text, version):
    with pytest.raises(ParameterError, match='w, or ,h or') as raised:
        Size.parse(text, version)
    assert len(raised.value.detail) < 200


def test_forms_of_one_version_only():
    with pytest.raises(ParameterError):
        Size.parse('full', '3')
    for text in ('^max', '^5,', '^,5', '^5,5', '^!5,5', '^pct:5'):
        with pytest.raises(ParameterError):
            Size.parse(text, '2')


def test_the_features_that_forms_take():
    forms = ('full', 'max', '5,', ',5', '5,5', '!5,5', 'pct:5')
    assert [Size.parse(text, '2').feature for text in forms] == [
        None,
        None,
        'sizeByW',
        'sizeByH',
        'sizeByWh',
        'sizeByConfinedWh',
        'sizeByPct',
    ]


@pytest.mark.parametrize(
    ('region', 'size'),
    # Tiles of 256 at the edges of images at scale factors of 2, 4, 8.
    [
        ((512, 512), (256, 256)),
        ((489, 512), (245, 256)),
        ((512, 489), (256, 245)),
        ((1001, 700), (251, 175)),
        ((1001, 333), (126, 42)),
        ((1, 1), (1, 1)),
        ((10_001, 1), (157, 1)),
    ],
)
def test_one_side_gives_the_tile_that_both_sides_give(region, size):
    for version in ANY:
        assert Size.parse(f'{size[0]},{size[1]}', version).resolve(region) == size
        assert Size.parse(f'{size[0]},', version).resolve(region) == size
        assert Size.parse(f',{size[1]}', version).resolve(region)[1] == size[1]


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 2 * 10**6))
@example(512, 489, 245)
@example(2048, 3, 1)
def test_the_other_side_is_off_by_less_than_a_pixel(side, whole, part):
    exact = Fraction(side * part, whole)
    assert abs(proportional(side, whole, part) - exact) < 1
    assert proportional(side, whole, part) <= max(side, exact + 1)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(0, 6), st.integers(64, 512))
def test_tiles_inside_an_image_by_one_side(columns, height, power, tile):
    """A tile that is whole across is one of `w,`, however much the edge leaves of its height."""
    factor = 2**power
    high = min(height, tile * factor)
    assert proportional(high, tile * factor, tile) == -(-high // factor)


side = st.integers(1, 10**6)
limits = st.builds(
    Limits,
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 10**7),
    st.none() | st.floats(0.001, 100),
)


@given(
    st.tuples(side, side),
    limits,
    st.sampled_from(['max', '^max', '!{0},{1}', '^!{0},{1}']),
    st.tuples(side, side),
)
@example((10**6, 1), Limits(area=1000), 'max', (1, 1))
def test_what_is_fitted_is_as_large_as_it_may(region, limits, form, box):
    text = form.format(*box)
    try:
        size = Size.parse(text, '3').resolve(region, limits)
    except ParameterError:
        assert text.startswith('!')
        assert box[0] > region[0]
        assert box[1] > region[1]
        return
    limits.check(region, size)
    assert min(size) >= 1
    if not text.startswith('^'):
        assert size[0] <= region[0]
        assert size[1] <= region[1]
    if 'max' not in text:
        assert size[0] <= box[0]
        assert size[1] <= box[1]
    # A pixel more along the longer side, and something is too large.
    long = region[0] < region[1]
    ratio = Fraction(region[not long], region[long])
    if 'max' in form and size != region and min(size) > 1:
        assert abs(size[not long] - size[long] * ratio) < 1
        assert (
            (size[long] + 1 > limits.bounds(region)[long])
            or (size[not long] + 1 > limits.bounds(region)[not long])
            or (size[long] + 1) ** 2 * ratio > (limits.area or 10**18)
        )
