"""Which way up an image is shown, in every kind of file that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifftools
from PIL import Image, ImageOps

from django_large_image.pixels.turning import ORIENTATIONS, UPRIGHT
from django_large_image.sources.foreign import ForeignReader
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.orientation import orientation_of, orientation_value, shown_size
from django_large_image.sources.reference import ImageReference
from tests import factories

from .references import source


def turned_tiff(make_raster: Callable[..., Path], value: int, **kwargs: Any) -> Path:
    path = make_raster(np.zeros((40, 60), 'uint8'), **kwargs)
    tifftools.tiff_set(str(path), overwrite=True, setlist=[('Orientation', value)])
    return path


@pytest.mark.parametrize(
    ('value', 'kind'),
    # Of a TIFF GDAL itself refuses another value.
    [
        *((value, kind) for value in ORIENTATIONS for kind in ('jpeg', 'tiff', 'png', 'webp')),
        *((9, kind) for kind in ('jpeg', 'png', 'webp')),
    ],
)
def test_the_value_is_the_files(value: int, kind: str, tmp_path: Path) -> None:
    path, exif = tmp_path / f'image.{kind}', Image.Exif()
    exif[274] = value
    Image.new('RGB', (60, 40)).save(path, kind, exif=exif)
    reader = source(path)
    assert orientation_of(reader) == ORIENTATIONS.get(value, UPRIGHT)
    assert orientation_value(reader) == (value if value in ORIENTATIONS else 1)
    with Image.open(path) as file:
        assert shown_size(reader) == ImageOps.exif_transpose(file).size


@pytest.mark.parametrize('order', ['LITTLE', 'BIG'])
@pytest.mark.parametrize('big', ['YES', 'NO'])
def test_every_kind_of_tiff(order: str, big: str, make_raster: Any) -> None:
    path = turned_tiff(make_raster, 8, options={'BIGTIFF': big, 'ENDIANNESS': order})
    reader = source(path)
    assert orientation_of(reader) == ORIENTATIONS[8]
    # It is remembered for as long as the image is open.
    path.unlink()
    assert orientation_of(reader) == ORIENTATIONS[8]


def test_maps_and_silent_files_are_upright(make_raster: Any, tmp_path: Path) -> None:
    path = turned_tiff(make_raster, 6, epsg=4326, bounds=(0, 0, 3, 2))
    assert orientation_of(source(path)) == UPRIGHT
    for name, driver in [
        ('a.tif', 'GTiff'),
        ('a.png', 'PNG'),
        ('a.jpg', 'JPEG'),
        ('a.webp', 'WEBP'),
    ]:
        silent = factories.raster(tmp_path / name, factories.gradient(9, 9), driver=driver)
        assert orientation_of(source(silent)) == UPRIGHT


@pytest.mark.filterwarnings('ignore::ResourceWarning')
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_other_libraries_are_not_asked(tmp_path: Path) -> None:
    path = tmp_path / 'image.png'
    Image.new('RGB', (60, 40)).save(path)
    reader = reader_of(open_source(ImageReference(str(path)), source='pil'))
    assert isinstance(reader, ForeignReader)
    assert orientation_of(reader) == UPRIGHT
