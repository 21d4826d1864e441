"""The pictures that manifests name: each is one that the service gives."""

from __future__ import annotations

from typing import Any

import pytest

from django_large_image.iiif.features import UNLIMITED, Features, Limits
from django_large_image.iiif.info import Pyramid
from django_large_image.iiif.renditions import Renditions


def renditions(
    size: tuple[int, int] = (4000, 3000),
    limits: Limits = UNLIMITED,
    off: str = '',
    version: str = '3',
    **facts: Any,
) -> Renditions:
    features = Features(frozenset(off.split()))
    return Renditions(version, Pyramid(*size, **facts), limits, features)


@pytest.mark.parametrize(
    ('size', 'expected'),
    [
        ((4000, 3000), (256, 192)),
        ((3000, 4000), (192, 256)),
        ((100, 40), (100, 40)),
        ((100_000, 7), (256, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_a_thumbnail_is_small_and_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    thumbnail = renditions(size).thumbnail()
    assert thumbnail is not None
    width, height = expected
    assert thumbnail.path == f'full/{width},{height}/0/default.jpg'
    assert (thumbnail.size, thumbnail.media_type) == (expected, 'image/jpeg')


def test_limits_make_both_smaller() -> None:
    limited = renditions(limits=Limits(width=200))
    assert limited.largest().size == (200, 150)
    thumbnail = limited.thumbnail()
    assert thumbnail is not None
    assert (thumbnail.path, thumbnail.size) == ('full/200,150/0/default.jpg', (200, 150))


@pytest.mark.parametrize('version', ['2', '3'])
@pytest.mark.parametrize(
    ('size', 'off', 'path'),
    [
        ((4000, 3001), 'sizeByWh', 'full/256,/0/default.jpg'),
        ((4000, 3001), 'sizeByWh sizeByW', 'full/,192/0/default.jpg'),
        ((4000, 3001), 'sizeByWh sizeByW sizeByH', None),
        ((256, 9), 'sizeByWh sizeByW sizeByH', 'full/max/0/default.jpg'),
        ((4000, 3001), 'jpg', 'full/256,192/0/default.png'),
        ((4000, 3001), 'jpg png', 'full/256,192/0/default.webp'),
        ((4000, 3001), 'jpg png webp gif', None),
    ],
)
def test_what_is_switched_off_is_not_named(
    size: tuple[int, int], off: str, path: str | None, version: str
) -> None:
    thumbnail = renditions(size, off=off, version=version).thumbnail()
    assert (thumbnail and thumbnail.path) == path


def test_an_image_whose_levels_are_not_all_readable() -> None:
    found = renditions(sizes=((500, 375), (1000, 750)), readable=(1000, 750))
    assert found.largest().path == 'full/1000,750/0/default.jpg'
    assert found.largest().size == (1000, 750)
    thumbnail = found.thumbnail()
    assert thumbnail is not None
    assert thumbnail.size == (256, 192)


def test_an_image_of_which_nothing_is_readable() -> None:
    found = renditions(readable=(0, 0))
    # A canvas has to show a picture.
    assert found.largest().path == 'full/max/0/default.jpg'
    assert found.thumbnail() is None


def test_a_format_that_cannot_hold_the_image() -> None:
    # No side of a JPEG is longer than 65500 pixels.
    sizes = ((1172, 2), (37_500, 50), (75_000, 100))
    assert renditions((75_000, 100), sizes=sizes).largest().size == (37_500, 50)
