"""The table of formats: names, and what is the same for all of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import FormatError
from django_large_image.pixels.formats import FORMATS, EncodeOptions, get_format
from django_large_image.pixels.picture import BlankPicture, Picture


def test_unknown_format_names_the_known() -> None:
    with pytest.raises(FormatError, match=r'png, jpg, jpeg, jfif, webp.*npy'):
        get_format('exe')


@pytest.mark.parametrize(
    ('suffix', 'name', 'media_type', 'large_image'),
    [
        ('png', 'png', 'image/png', 'PNG'),
        ('.JPG', 'jpeg', 'image/jpeg', 'JPEG'),
        ('jpeg', 'jpeg', 'image/jpeg', 'JPEG'),
        ('tif', 'tiff', 'image/tiff', 'TILED'),
        ('tiff', 'tiff', 'image/tiff', 'TILED'),
        ('webp', 'webp', 'image/webp', 'WEBP'),
        ('npy', 'npy', 'application/octet-stream', 'NPY'),
    ],
)
def test_get_format(suffix: str, name: str, media_type: str, large_image: str) -> None:
    found = get_format(suffix)
    assert (found.name, found.media_type, found.large_image) == (name, media_type, large_image)


@pytest.mark.parametrize('suffix', sorted(FORMATS))
def test_blank_pictures_show_nothing_and_are_encoded_once(suffix: str) -> None:
    output = get_format(suffix)
    content = output.encode(BlankPicture(16, 32))
    assert output.encode(BlankPicture(16, 32)) is content
    same = Picture(np.zeros((16, 32, 4), np.uint8), 'RGBA')
    assert content == output.encode(same)
    if suffix == 'npy':
        assert not np.load(io.BytesIO(content)).any()
        return
    if suffix == 'pdf':
        assert b'/Width 32\n/Height 16\n' in content
        return
    image = Image.open(io.BytesIO(content))
    assert image.size == (32, 16)
    if output.alpha:
        assert not np.asarray(image.convert('RGBA'))[..., 3].any()


def test_blank_pictures_follow_the_options() -> None:
    output, blank = get_format('jpg'), BlankPicture(16, 16)
    for background in ((255, 255, 255), (255, 0, 0), (0, 0, 255)):
        content = output.encode(blank, EncodeOptions(background=background))
        pixel = Image.open(io.BytesIO(content)).getpixel((8, 8))
        assert np.abs(np.subtract(pixel, background)).max() <= 2


def test_large_blank_pictures_are_not_kept() -> None:
    output = get_format('png')
    content = output.encode(BlankPicture(600, 600))
    assert output.encode(BlankPicture(600, 600)) is not content


@pytest.mark.parametrize(
    ('suffix', 'largest'),
    [
        *(('jpg', 65500), ('pdf', 65500), ('mpo', 65500), ('webp', 16383), ('gif', 65535)),
        *(('pcx', 65534), ('sgi', 65535), ('tga', 65535)),
    ],
)
def test_largest_sides(suffix: str, largest: int, capfd: pytest.CaptureFixture[str]) -> None:
    output = get_format(suffix)
    assert output.encode(Picture.from_array(np.zeros((1, largest), 'uint8')))
    for shape in ((1, largest + 1), (largest + 1, 1)):
        with pytest.raises(FormatError, match=f'more than {largest} pixels'):
            output.encode(Picture.from_array(np.zeros(shape, 'uint8')))
    assert capfd.readouterr().err == ''
