"""Image requests as a whole: examples, fuzzing, canonical forms, what is switched off."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_large_image.exceptions import ParameterError, UnsupportedError
from django_large_image.iiif.features import FORMATS, NAMES, QUALITIES, Features, Limits
from django_large_image.iiif.request import Derivative, ImageRequest

SIZE = (300, 200)


def resolve(version, path, size=SIZE, **options):
    return ImageRequest.parse(version, *path.split('/')).resolve(*size, **options)


def canonical(version, path, size=SIZE, limits=Limits()):  # noqa: B008
    request = ImageRequest.parse(version, *path.split('/'))
    return request.canonical(request.resolve(*size, limits), *size, limits)


@pytest.mark.parametrize(
    ('version', 'path', 'derivative'),
    [
        (
            '2',
            'full/full/0/default.jpg',
            Derivative((0, 0, 300, 200), (300, 200), False, 0, 'default', 'jpg'),
        ),
        (
            '2',
            '125,15,120,140/90,/!345/gray.jpg',
            Derivative((125, 15, 245, 155), (90, 105), True, 345, 'gray', 'jpg'),
        ),
        (
            '3',
            'pct:41.6,7.5,66.6,100/max/22.5/bitonal.png',
            Derivative((125, 15, 300, 200), (175, 185), False, 22.5, 'bitonal', 'png'),
        ),
        (
            '3',
            'square/^!500,400/360/color.webp',
            Derivative((50, 0, 250, 200), (400, 400), False, 0, 'color', 'webp'),
        ),
    ],
)
def test_the_order_of_operations(version, path, derivative):
    assert resolve(version, path) == derivative


def test_a_request_is_parsed_once():
    parts = ('0,0,9,9', '9,', '0', 'default.jpg')
    request = ImageRequest.parse('3', *parts)
    assert ImageRequest.parse('3', *parts) is request
    assert ImageRequest.parse('2', *parts) != request
    assert len({request, ImageRequest.parse('3', *parts), ImageRequest.parse('2', *parts)}) == 2
    assert len({request.resolve(*SIZE), request.resolve(*SIZE)}) == 1


@pytest.mark.parametrize('quality', QUALITIES)
@pytest.mark.parametrize('suffix', FORMATS)
def test_qualities_and_formats(quality, suffix):
    found = resolve('3', f'full/max/0/{quality}.{suffix}')
    assert (found.quality, found.format) == (quality, suffix)


@pytest.mark.parametrize(
    ('look', 'says'),
    [
        ('best.jpg', 'default, color, gray, bitonal'),
        ('grey.jpg', 'quality'),
        ('native.jpg', 'quality'),
        ('Default.jpg', 'quality'),
        ('default.JPG', 'format'),
        ('default.jpeg', 'jpg, png'),
        ('default.exe', 'format'),
        ('default.npy', 'format'),
        ('default', 'quality'),
        ('', 'quality'),
    ],
)
def test_unknown_qualities_and_formats(look, says):
    with pytest.raises(ParameterError, match=says):
        ImageRequest.parse('3', 'full', 'max', '0', look)


@pytest.mark.parametrize('version', ['', '1', '2.1', '4', '３'])  # noqa: RUF001
def test_an_unknown_version(version):
    with pytest.raises(ParameterError, match='2, 3'):
        ImageRequest.parse(version, 'full', 'max', '0', 'default.jpg')


@pytest.mark.parametrize(
    ('name', 'path'),
    [
        ('regionByPx', '0,0,9,9/max/0/default.jpg'),
        ('regionByPct', 'pct:0,0,9,9/max/0/default.jpg'),
        ('regionSquare', 'square/max/0/default.jpg'),
        ('sizeByW', 'full/9,/0/default.jpg'),
        ('sizeByH', 'full/,9/0/default.jpg'),
        ('sizeByWh', 'full/9,9/0/default.jpg'),
        ('sizeByConfinedWh', 'full/!9,9/0/default.jpg'),
        ('sizeByPct', 'full/pct:9/0/default.jpg'),
        ('sizeUpscaling', 'full/^pct:120/0/default.jpg'),
        ('sizeUpscaling', 'full/^max/0/default.jpg'),
        ('rotationBy90s', 'full/max/90/default.jpg'),
        ('rotationArbitrary', 'full/max/22.5/default.jpg'),
        ('mirroring', 'full/max/!0/default.jpg'),
        ('gray', 'full/max/0/gray.jpg'),
        ('bitonal', 'full/max/0/bitonal.jpg'),
        ('pdf', 'full/max/0/default.pdf'),
    ],
)
def test_what_is_switched_off(name, path):
    with pytest.raises(UnsupportedError, match=f'{name} is switched off'):
        resolve('3', path, features=Features(frozenset({name})))
    assert resolve('3', path, features=Features(NAMES - set(parsed_features(path))))


def parsed_features(path):
    return ImageRequest.parse('3', *path.split('/')).features


def test_the_least_a_service_can_do():
    off = Features(NAMES - {'jpg'})
    assert resolve('2', 'full/full/0/default.jpg', features=off).size == SIZE
    assert resolve('3', 'full/max/0/default.jpg', features=off).size == SIZE


def test_enlarging_switched_off_in_version_2():
    off = Features(frozenset({'sizeUpscaling'}))
    for size in ('301,', ',201', '301,1', 'pct:101'):
        with pytest.raises(UnsupportedError, match='sizeUpscaling'):
            resolve('2', f'full/{size}/0/default.jpg', features=off)
    # It is to fit, not to fill.
    assert resolve('2', 'full/!2000,3000/0/default.jpg', features=off).size == SIZE
    assert resolve('2', 'full/!2000,100/0/default.jpg', features=off).size == (150, 100)
    pdf = Features(frozenset({'pdf'}))
    assert resolve('2', 'full/!600,600/0/default.jpg', features=pdf).size == (600, 400)
    assert resolve('2', 'full/600,/0/default.jpg', features=pdf).size == (600, 400)


def test_turning_makes_no_more_than_the_limit():
    limits = Limits(area=60_000)
    for path in ('full/max/90/default.png', 'full/max/180/default.png', 'full/max/!270/color.png'):
        assert resolve('3', path, limits=limits).size == SIZE
    with pytest.raises(ParameterError, match=r'Turned by 22\.5 degrees it is 354 x 300'):
        resolve('3', 'full/max/22.5/default.png', limits=limits)
    # A strip within the limit would be a square of its length.
    with pytest.raises(ParameterError, match='70712 x 70712'):
        resolve('2', 'full/100000,1/45/default.png', limits=Limits(area=10**6))
    assert resolve('3', 'full/150,/22.5/default.png', limits=limits).size == (150, 100)


@pytest.mark.parametrize(
    ('path', 'classic', 'modern'),
    [
        ('full/max/0/default.jpg', 'full/full/0/default.jpg', 'full/max/0/default.jpg'),
        ('full/300,/360/default.jpg', 'full/full/0/default.jpg', 'full/max/0/default.jpg'),
        ('full/pct:50/!0/gray.png', 'full/150,/!0/gray.png', 'full/150,100/!0/gray.png'),
        (
            '0,0,999,999/,100/090/default.jpg',
            'full/150,/90/default.jpg',
            'full/150,100/90/default.jpg',
        ),
        ('full/150,50/0/default.jpg', 'full/150,50/0/default.jpg', 'full/150,50/0/default.jpg'),
        (
            'pct:41.6,7.5,40,70/!60,99/22.50/color.tif',
            '125,15,120,140/60,/22.5/color.tif',
            '125,15,120,140/60,70/22.5/color.tif',
        ),
        (
            'square/max/.5/default.jpg',
            '50,0,200,200/full/0.5/default.jpg',
            '50,0,200,200/max/0.5/default.jpg',
        ),
    ],
)
def test_the_canonical_form(path, classic, modern):
    assert canonical('2', path) == classic
    assert canonical('3', path) == modern


def test_the_canonical_form_of_what_is_enlarged():
    assert canonical('2', 'full/pct:200/0/default.jpg') == 'full/600,/0/default.jpg'
    assert canonical('3', 'full/^pct:200/0/default.jpg') == 'full/%5E600,400/0/default.jpg'
    assert canonical('3', 'full/^!300,999/0/default.jpg') == 'full/max/0/default.jpg'


def test_the_canonical_form_of_the_largest():
    limits = Limits(width=450)
    assert canonical('3', 'full/^450,/0/default.jpg', limits=limits) == 'full/%5Emax/0/default.jpg'
    assert canonical('3', 'full/^max/0/default.jpg', limits=limits) == 'full/%5Emax/0/default.jpg'
    assert canonical('3', 'full/max/0/default.jpg', limits=limits) == 'full/max/0/default.jpg'
    small = Limits(width=150)
    assert canonical('3', 'full/150,/0/default.jpg', limits=small) == 'full/max/0/default.jpg'
    # `full` is refused there.
    assert canonical('2', 'full/max/0/default.jpg', limits=small) == 'full/150,/0/default.jpg'


def test_a_square_of_a_square_image_is_all_of_it():
    assert canonical('2', 'square/full/0/default.jpg', (9, 9)) == 'full/full/0/default.jpg'


number = st.one_of(
    st.integers(0, 400).map(str),
    st.integers(0, 10**19).map(str),
    st.decimals(0, 400, places=2).map(str),
    st.sampled_from(
        ['1e2', '1_2', 'nan', 'inf', '+1', '-0', ' 1', '1 ', '٣', '', '.', '.5', '5.', '9' * 5000]
    ),
)
region = st.one_of(
    st.sampled_from(['full', 'square']),
    st.tuples(number, number, number, number).map(','.join),
    st.tuples(number, number, number, number).map(lambda box: f'pct:{",".join(box)}'),
)
size = st.one_of(
    st.sampled_from(['full', 'max', '^max']),
    st.builds('{}{},'.format, st.sampled_from(['', '^', '!']), number),
    st.builds('{},{}'.format, st.sampled_from(['', '^', '!']), number),
    st.builds('{}{},{}'.format, st.sampled_from(['', '^', '!', '^!']), number, number),
    st.builds('{}pct:{}'.format, st.sampled_from(['', '^']), number),
)
rotation = st.builds('{}{}'.format, st.sampled_from(['', '!']), number)
look = st.builds(
    '{}.{}'.format, st.sampled_from([*QUALITIES, 'best']), st.sampled_from([*FORMATS, 'exe'])
)
limits = st.builds(
    Limits,
    st.none() | st.integers(1, 500),
    st.none() | st.integers(1, 500),
    st.none() | st.integers(1, 10**5),
    st.none() | st.floats(0.01, 10),
)
image = st.tuples(st.integers(1, 400), st.integers(1, 400))


@given(
    st.sampled_from(['2', '3']),
    st.tuples(*(st.text(max_size=20) | part for part in (region, size, rotation, look))),
    image,
    limits,
)
@example('2', ('full', '9' * 100_000, '0', 'default.jpg'), SIZE, Limits())
def test_any_text_is_a_request_or_an_error(version, parts, image, limits):
    try:
        request = ImageRequest.parse(version, *parts)
        found = request.resolve(*image, limits)
    except ParameterError:
        return
    check(request, found, image, limits)


@given(
    st.sampled_from(['2', '3']),
    st.one_of(
        st.sampled_from(['full', 'square']),
        st.tuples(*[st.integers(0, 300).map(str)] * 4).map(','.join),
        st.tuples(*[st.decimals(0, 99, places=1).map(str)] * 4).map(
            lambda box: f'pct:{",".join(box)}'
        ),
    ),
    st.sampled_from(['max', '{},', ',{}', '{},{}', '!{},{}', 'pct:{}']),
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.floats(0, 360).map('{:.3f}'.format),
    image,
    limits,
)
def test_what_resolves_is_within_the_limits(version, region, form, sides, degrees, image, limits):
    caret = '^' if version == '3' else ''
    try:
        request = ImageRequest.parse(
            version, region, caret + form.format(*sides), degrees, 'default.png'
        )
        found = request.resolve(*image, limits)
    except ParameterError:
        return
    check(request, found, image, limits)


def check(request, found, image, limits):
    """The derivative is in the image and the limits; its canonical form gives it again."""
    left, top, right, bottom = found.window
    assert 0 <= left < right <= image[0]
    assert 0 <= top < bottom <= image[1]
    assert min(found.size) >= 1
    limits.check((right - left, bottom - top), found.size)
    assert 0 <= found.degrees < 360
    text = request.canonical(found, *image, limits)
    assert text.isascii()
    again = ImageRequest.parse(request.version, *unquote(text).split('/'))
    assert again.resolve(*image, limits) == found
    assert again.canonical(found, *image, limits) == text
