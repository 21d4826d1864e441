"""Pictures of image requests: every tile that is promised, exact; and what the path asks for."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from osgeo import gdal
from PIL import Image, ImageCms, ImageOps

from django_large_image.exceptions import BudgetError, FormatError
from django_large_image.iiif.derivative import pyramid, render
from django_large_image.iiif.request import Derivative
from django_large_image.pixels.formats import FORMATS
from django_large_image.pixels.style import Style
from django_large_image.rest.image import RequestedImage
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.orientation import shown_size
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.stored import stored_window
from tests import factories
from tests.pixels.test_icc import swapped_profile

NAME = '67352ccc-d1b0-11e1-89ae-279075081939'
SIDE = 128
TILED = {'TILED': 'YES', 'BLOCKXSIZE': SIDE, 'BLOCKYSIZE': SIDE}
JPEG = {**TILED, 'COMPRESS': 'JPEG', 'PHOTOMETRIC': 'YCBCR'}

has_jp2 = gdal.GetDriverByName('JP2OpenJPEG') is not None


class Opened(RequestedImage):
    """An image as a request finds it, without the request."""

    def __init__(self, path: Path, style: Any = None, *, srgb: bool = False, **query: Any) -> None:
        self.view = SimpleNamespace(iiif_srgb=srgb)  # type: ignore[assignment]
        self.query = SimpleNamespace(**{'quality': None, 'resample': None, 'frame': None, **query})
        # A version of its own: another test's file may have been at this path.
        self.reference = ImageReference(str(path), version=str(path.stat().st_mtime_ns))
        self.source = open_source(self.reference)
        self.reader = reader_of(self.source)
        self.style = Style.parse(style)


@pytest.fixture(autouse=True)
def small_tiles(settings: Any) -> None:
    """Tiles of 128 pixels, so that small images have many."""
    settings.LARGE_IMAGE = {'TILE_SIZE': SIDE}


def plan(window: Any, size: Any = None, **look: Any) -> Derivative:
    size = size or (window[2] - window[0], window[3] - window[1])
    given = {'mirrored': False, 'degrees': 0.0, 'quality': 'default', 'format': 'png', **look}
    return Derivative(tuple(window), tuple(size), **given)


def rendered(image: Opened, wanted: Derivative) -> Any:
    image.query.fmt = wanted.format
    return render(image, wanted)


def content(image: Opened, *args: Any, **look: Any) -> bytes:
    return rendered(image, plan(*args, **look)).body


def decoded(body: bytes) -> np.ndarray:
    """Decode a picture; returns (height, width, channels)."""
    image = Image.open(io.BytesIO(body))
    return np.atleast_3d(np.asarray(image.convert('RGB') if image.mode == 'P' else image))


def picture(image: Opened, *args: Any, **look: Any) -> np.ndarray:
    return decoded(content(image, *args, **look))


def whole(image: Opened, **look: Any) -> np.ndarray:
    return picture(image, (0, 0, *shown_size(image.reader)), **look)


def noise(height: int, width: int, bands: int = 3, dtype: str = 'uint8') -> np.ndarray:
    """No two pixels alike: returns (bands, height, width)."""
    return np.random.default_rng(height * width).integers(0, 256, (bands, height, width), dtype)


def block_means(data: np.ndarray, factor: int) -> np.ndarray:
    """Return the mean of each block of an array (height, width, bands); of parts at the edges."""
    height, width = data.shape[:2]
    return np.array(
        [
            [
                data[y : y + factor, x : x + factor].mean(axis=(0, 1))
                for x in range(0, width, factor)
            ]
            for y in range(0, height, factor)
        ]
    )


def reassembled(image: Opened, factor: int, **look: Any) -> np.ndarray:
    """Fetch all tiles of a level, as a viewer does, and lay them beside each other."""
    facts = pyramid(image.reader)
    (tiles,) = facts.tiles
    step = tiles.width * factor, tiles.height * factor
    rows = []
    for top in range(0, facts.height, step[1]):
        row = []
        for left in range(0, facts.width, step[0]):
            right, bottom = min(left + step[0], facts.width), min(top + step[1], facts.height)
            size = -(-(right - left) // factor), -(-(bottom - top) // factor)
            tile = picture(image, (left, top, right, bottom), size, **look)
            assert tile.shape[1::-1] == size
            row.append(tile)
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows)


SIZES = [(777, 1001), (511, 257), (1, 1000), (1000, 1), (1, 1), (128, 128), (300, 129)]
KINDS = {
    'plain tiff': {},
    'tiles': {'options': TILED},
    'packed tiles': {'options': {**TILED, 'COMPRESS': 'DEFLATE'}},
    'png': {'driver': 'PNG', 'name': 'image.png'},
    'jp2': {
        'driver': 'JP2OpenJPEG',
        'name': 'image.jp2',
        'options': ['QUALITY=100', 'REVERSIBLE=YES', 'RESOLUTIONS=1'],
    },
}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', SIZES, ids=str)
def test_tiles_and_sizes_without_overviews_are_means(
    size: Any, kind: str, make_raster: Any
) -> None:
    if kind == 'jp2' and not has_jp2:
        pytest.skip('GDAL was built without OpenJPEG.')
    data = noise(*size)
    image = Opened(make_raster(data, **KINDS[kind]))
    stored, facts = data.transpose(1, 2, 0), pyramid(image.reader)
    factors = facts.tiles[0].factors
    assert max(size) <= SIDE * factors[-1] < 2 * max(max(size), SIDE)
    sizes = {factor: (-(-size[1] // factor), -(-size[0] // factor)) for factor in factors}
    assert list(facts.sizes) == [sizes[factor] for factor in reversed(factors)]
    for factor in factors:
        found = reassembled(image, factor)
        at_once = picture(image, (0, 0, size[1], size[0]), sizes[factor])
        np.testing.assert_array_equal(found, at_once)
        if factor == 1:
            np.testing.assert_array_equal(found, stored)
        else:
            assert np.abs(found - block_means(stored, factor)).max() <= 0.5 + 1e-6


@pytest.mark.parametrize('size', SIZES[:5], ids=str)
@pytest.mark.parametrize('overviews', [[2, 4, 8], [2], [4]], ids=str)
def test_levels_with_overviews_are_their_pixels(
    size: Any, overviews: list[int], make_raster: Any
) -> None:
    data = noise(*size)
    path = make_raster(data, options=TILED)
    written = gdal.Open(str(path), gdal.GA_Update)
    # What no mean gives: only the overview can have been read.
    written.BuildOverviews('NEAREST', overviews)
    written = None
    dataset, image = gdal.Open(str(path)), Opened(path)
    band = dataset.GetRasterBand(1)
    stored = {1: data}
    for index, factor in enumerate(overviews[: band.GetOverviewCount()]):
        levels = [dataset.GetRasterBand(number).GetOverview(index) for number in (1, 2, 3)]
        stored[factor] = np.stack([level.ReadAsArray() for level in levels])
    for factor in pyramid(image.reader).tiles[0].factors:
        finest = max(known for known in stored if factor % known == 0)
        expected = block_means(stored[finest].transpose(1, 2, 0), factor // finest)
        found = reassembled(image, factor)
        if finest == factor:
            np.testing.assert_array_equal(found, expected)
        else:
            assert np.abs(found - expected).max() <= 0.5 + 1e-6


@pytest.mark.skipif(not has_jp2, reason='GDAL was built without OpenJPEG.')
def test_levels_of_jpeg_2000_are_its_resolutions(make_raster: Any) -> None:
    options = ['QUALITY=100', 'REVERSIBLE=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256']
    path = make_raster(noise(777, 1001), driver='JP2OpenJPEG', name='image.jp2', options=options)
    dataset, image = gdal.Open(str(path)), Opened(path)
    facts = pyramid(image.reader)
    assert (facts.tiles[0].width, facts.tiles[0].height) == (256, 256)
    count = dataset.GetRasterBand(1).GetOverviewCount()
    assert count
    for index in range(count):
        levels = [dataset.GetRasterBand(number).GetOverview(index) for number in (1, 2, 3)]
        expected = np.dstack([level.ReadAsArray() for level in levels])
        np.testing.assert_array_equal(reassembled(image, 2 << index), expected)


@pytest.mark.parametrize('suffix', ['png', 'jp2'])
def test_the_reference_image_keeps_its_squares(suffix: str, data_dir: Path) -> None:
    image = Opened(data_dir / 'iiif' / f'{NAME}.{suffix}')
    if suffix == 'jp2' and not has_jp2:
        pytest.skip('GDAL was built without OpenJPEG.')
    assert shown_size(image.reader) == (1000, 1000)
    with Image.open(data_dir / 'iiif' / f'{NAME}.png') as file:
        stored = np.asarray(file.convert('RGB')).astype(int)
    # The copy in JPEG 2000 is lossy at the edges of its squares.
    assert np.abs(reassembled(image, 1)[:, :, :3].astype(int) - stored).mean() <= 1
    for factor in (2, 4, 8):
        found = reassembled(image, factor)[:, :, :3].astype(int)
        centres = [int((square * 100 + 50) / factor) for square in range(10)]
        expected = stored[50::100, 50::100]
        assert np.abs(found[np.ix_(centres, centres)] - expected).max() <= 8


def test_other_sizes_are_means_of_what_is_there(make_raster: Any) -> None:
    data = factories.gradient(600, 900)
    image = Opened(make_raster(data))
    for window, size in [
        ((0, 0, 900, 600), (400, 267)),
        ((100, 50, 700, 350), (175, 90)),
        ((0, 0, 900, 600), (90, 300)),
        ((3, 5, 103, 305), (99, 299)),
    ]:
        found = picture(image, window, size).astype(int)
        stored = Image.fromarray(data.transpose(1, 2, 0)).crop(window)
        expected = np.asarray(stored.resize(size, Image.Resampling.BOX)).astype(int)
        assert np.abs(found - expected).max() <= 3


def test_means_are_taken_of_what_no_filter_may_miss(make_raster: Any) -> None:
    data = np.zeros((3, 400, 400), 'uint8')
    data[:, ::2] = 200
    found = picture(Opened(make_raster(data)), (0, 0, 400, 400), (57, 57))
    assert np.abs(found.astype(int) - 100).max() <= 16


def test_larger_sizes_are_smooth(make_raster: Any) -> None:
    image = Opened(make_raster(factories.gradient(20, 20)))
    found = picture(image, (0, 0, 20, 20), (200, 200)).astype(int)
    assert np.abs(np.diff(found[:, :, 0], axis=1)).max() <= 3


def test_the_resampling_asked_for_is_taken(make_raster: Any) -> None:
    data = noise(256, 256)
    image = Opened(make_raster(data), resample='nearest')
    found = picture(image, (0, 0, 256, 256), (64, 64))
    pixels = {tuple(pixel) for pixel in data.reshape(3, -1).T}
    assert {tuple(pixel) for pixel in found.reshape(-1, 3)} <= pixels


def test_colours_of_a_palette_are_mixed_not_their_numbers(make_raster: Any) -> None:
    data = np.zeros((300, 301), 'uint8')
    data[:, 1::2] = 2
    colors = [(0, 0, 0), (255, 0, 0), (255, 255, 255)]
    image = Opened(make_raster(data, color_table=colors, options=TILED))
    for window, size in [((0, 0, 256, 256), (64, 64)), ((0, 0, 300, 300), (71, 80))]:
        found = picture(image, window, size)[:, :, :3].astype(int)
        assert np.abs(found - 128).max() <= 30
        assert np.ptp(found, axis=2).max() <= 1
    np.testing.assert_array_equal(whole(image)[:, :, 0], np.where(data, 255, 0))


@pytest.mark.parametrize('overviews', [(), (2,), (4,), (2, 4)], ids=str)
def test_tiles_of_a_palette_are_parts_of_the_whole(overviews: Any, make_raster: Any) -> None:
    data = noise(517, 1001, 1)[0] // 64
    colors = [(0, 0, 0), (255, 0, 0), (255, 255, 255), (0, 99, 0)]
    image = Opened(make_raster(data, color_table=colors, options=TILED, overviews=overviews))
    facts = pyramid(image.reader)
    for factor in facts.tiles[0].factors:
        size = -(-1001 // factor), -(-517 // factor)
        at_once = picture(image, (0, 0, 1001, 517), size)
        np.testing.assert_array_equal(reassembled(image, factor), at_once)
        if factor in overviews:
            dataset = gdal.Open(image.reader.description.path)
            overview = dataset.GetRasterBand(1).GetOverview(overviews.index(factor))
            stored = overview.ReadAsArray()
            np.testing.assert_array_equal(at_once, np.array(colors)[stored])


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['jpeg', 'tiff'])
def test_the_orientation_is_that_of_pillow(orientation: int, kind: str, tmp_path: Path) -> None:
    stored = Image.fromarray(factories.gradient(300, 420).transpose(1, 2, 0))
    path = tmp_path / f'{orientation}.{kind}'
    exif = Image.Exif()
    exif[274] = orientation
    stored.save(path, kind, quality=95, exif=exif)
    with Image.open(path) as file:
        shown = ImageOps.exif_transpose(file)
    image = Opened(path)
    assert shown_size(image.reader) == shown.size
    expected = np.asarray(shown).astype(int)
    np.testing.assert_array_equal(whole(image), expected)
    window = (10, 20, 150, 120)
    np.testing.assert_array_equal(picture(image, window), np.asarray(shown.crop(window)))
    np.testing.assert_array_equal(reassembled(image, 1), expected)
    for factor in (2, 4):
        tiles = reassembled(image, factor).astype(int)
        assert np.abs(tiles - np.asarray(shown.reduce(factor)).astype(int)).max() <= 8
    uneven = picture(image, (0, 0, *shown.size), (100, 77)).astype(int)
    box = shown.resize((100, 77), Image.Resampling.BOX)
    assert np.abs(uneven - np.asarray(box)).max() <= 5


@pytest.mark.parametrize('degrees', [0, 90, 180, 270])
@pytest.mark.parametrize('mirrored', [False, True])
def test_right_angles_are_exact(degrees: int, mirrored: bool, make_raster: Any) -> None:
    data = noise(50, 80)
    stored = data.transpose(1, 2, 0)
    expected = np.rot90(stored[:, ::-1] if mirrored else stored, -degrees // 90)
    found = whole(Opened(make_raster(data)), degrees=float(degrees), mirrored=mirrored)
    np.testing.assert_array_equal(found, expected)


def test_other_angles_keep_all_of_it(make_raster: Any) -> None:
    data = np.full((3, 60, 100), 90, 'uint8')
    image = Opened(make_raster(data))
    found = whole(image, degrees=30.0)
    assert found.shape == (102, 117, 4)
    assert found[[0, 0, -1, -1], [0, -1, 0, -1], 3].tolist() == [0, 0, 0, 0]
    assert (found[found[..., 3] > 0][:, :3] == 90).all()
    assert abs(found[..., 3].sum() / 255 - 6000) < 30
    flat = whole(image, degrees=30.0, format='jpg').astype(int)
    assert flat.shape == (102, 117, 3)
    assert flat[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= 252
    assert np.abs(flat[51, 58] - 90).max() <= 2


def test_qualities(make_raster: Any) -> None:
    data = noise(40, 60)
    image = Opened(make_raster(data))
    expected = np.asarray(Image.fromarray(data.transpose(1, 2, 0)).convert('L')).astype(int)
    grey = whole(image, quality='gray')
    assert grey.shape == (40, 60, 1)
    assert np.abs(grey[..., 0] - expected).max() <= 1
    black = whole(image, quality='bitonal')
    assert set(np.unique(black)) == {0, 255}
    clear = np.abs(expected - 127.5) > 2
    np.testing.assert_array_equal((black[..., 0] == 255)[clear], (expected > 127)[clear])
    np.testing.assert_array_equal(whole(image, quality='color'), whole(image))
    assert whole(Opened(make_raster(data[:1], name='grey.tif')), quality='color').shape[:2] == (
        40,
        60,
    )


def test_black_and_white_ends_where_alpha_does(make_raster: Any) -> None:
    data = noise(40, 60, 4)
    data[3] = 255
    data[3, :, :30] = 0
    image = Opened(make_raster(data, alpha=True))
    found = whole(image, quality='bitonal')
    assert found.shape[2] == 2
    np.testing.assert_array_equal(found[..., 1], data[3])
    turned = whole(image, quality='bitonal', degrees=45.0)
    assert turned[0, 0, -1] == 0
    flat = whole(image, quality='bitonal', format='jpg')
    assert flat[:, :20].min() >= 250


@pytest.mark.parametrize('suffix', ['png', 'webp', 'gif', 'tif', 'jp2'])
def test_nodata_is_transparent(suffix: str, make_raster: Any) -> None:
    if suffix not in FORMATS:
        pytest.skip('Pillow was built without it.')
    data = np.full((64, 64), 200, 'uint8')
    data[:, :32] = 7
    image = Opened(make_raster(data, nodata=7))
    body = content(image, (0, 0, 64, 64), format=suffix)
    shown = np.asarray(Image.open(io.BytesIO(body)).convert('RGBA')).astype(int)
    # JPEG 2000 is lossy by default, in its alpha too.
    assert shown[:, :32, 3].max() <= 8 * (suffix == 'jp2')
    assert shown[:, 32:, 3].min() >= 255 - 8 * (suffix == 'jp2')
    assert np.abs(shown[:, 34:, :3] - 200).max() <= 4
    flat = whole(image, format='jpg').astype(int)
    assert flat[:, :24].min() >= 250
    assert np.abs(flat[:, 42:] - 200).max() <= 3


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'gif', 'webp', 'jp2'])
def test_formats_hold_the_same_picture(suffix: str, make_raster: Any) -> None:
    if suffix not in FORMATS:
        pytest.skip('Pillow was built without it.')
    data = factories.gradient(90, 120)
    body = content(Opened(make_raster(data)), (0, 0, 120, 90), (60, 45), format=suffix)
    found = Image.open(io.BytesIO(body))
    assert found.size == (60, 45)
    expected = block_means(data.transpose(1, 2, 0), 2)
    assert np.abs(np.asarray(found.convert('RGB')) - expected).mean() < 6


def test_pdf_is_a_page_with_the_picture(make_raster: Any) -> None:
    data = factories.gradient(90, 120)
    image = Opened(make_raster(data))
    result = rendered(image, plan((0, 0, 120, 90), format='pdf'))
    assert result.media_type == 'application/pdf'
    assert result.body.startswith(b'%PDF-')
    found = re.search(rb'/DCTDecode.*?stream\r?\n(.*?)\r?\nendstream', result.body, re.DOTALL)
    jpeg = decoded(found[1]).astype(int)
    assert np.abs(jpeg - data.transpose(1, 2, 0)).mean() < 4
    assert content(image, (0, 0, 120, 90), format='pdf') == result.body


def test_sixteen_bits_stay_where_the_style_asks_for_them(make_raster: Any) -> None:
    data = noise(40, 60, 1, 'uint16') * 257
    path = make_raster(data)
    assert (
        np.asarray(Image.open(io.BytesIO(content(Opened(path), (0, 0, 60, 40))))).dtype == 'uint8'
    )
    image = Opened(path, {'min': 0, 'max': 65535, 'dtype': 'uint16'})
    body = np.frombuffer(content(image, (0, 0, 60, 40)), 'uint8')
    shown = cv2.imdecode(body, cv2.IMREAD_UNCHANGED)
    assert shown.dtype == 'uint16'
    found = shown[..., 0] if shown.ndim == 3 else shown
    np.testing.assert_array_equal(found, data[0])


@pytest.mark.parametrize('kind', ['tiff', 'jpeg'])
def test_inks_look_as_pillow_shows_them(kind: str, tmp_path: Path) -> None:
    ramps = factories.gradient(64, 96, 4).transpose(1, 2, 0)
    path = tmp_path / f'inks.{kind}'
    Image.fromarray(ramps, 'CMYK').save(path, quality=95)
    with Image.open(path) as file:
        expected = np.asarray(file.convert('RGB')).astype(int)
    image = Opened(path)
    assert np.abs(whole(image)[:, :, :3] - expected).max() <= 1


@pytest.mark.parametrize('kind', ['tiff', 'png', 'jpeg'])
def test_colours_are_turned_into_srgb_when_asked(kind: str, tmp_path: Path) -> None:
    stored = Image.fromarray(factories.gradient(64, 96).transpose(1, 2, 0))
    path = tmp_path / f'profile.{kind}'
    stored.save(path, icc_profile=swapped_profile(), quality=95)
    with Image.open(path) as file:
        plain = np.asarray(file).astype(int)
        profile = ImageCms.getOpenProfile(io.BytesIO(file.info['icc_profile']))
        srgb = ImageCms.createProfile('sRGB')
        expected = np.asarray(ImageCms.profileToProfile(file, profile, srgb)).astype(int)
    assert np.abs(expected - plain).max() > 100
    np.testing.assert_array_equal(whole(Opened(path)), plain)
    for image in (Opened(path, {'icc': True}), Opened(path, srgb=True)):
        assert np.abs(whole(image) - expected).max() <= 2
    np.testing.assert_array_equal(whole(Opened(path, {'icc': False}, srgb=True)), plain)


@pytest.fixture
def stored_pyramid(make_raster: Any) -> Path:
    """A pyramid of JPEG blocks of 128 pixels, some of them parts at its edges."""
    before = gdal.GetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE')
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', str(SIDE))
    path = make_raster(factories.gradient(777, 1001), options=JPEG, overviews=[2, 4])
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', before)
    return path


def test_stored_blocks_are_sent_and_show_what_would_be_read(stored_pyramid: Path) -> None:
    image, remade = Opened(stored_pyramid), Opened(stored_pyramid, quality=95)
    sent = {}
    for factor in (1, 2, 4):
        step = SIDE * factor
        for top in range(0, 777, step):
            for left in range(0, 1001, step):
                window = (left, top, min(left + step, 1001), min(top + step, 777))
                size = -(-(window[2] - left) // factor), -(-(window[3] - top) // factor)
                block = stored_window(image.reader, window, size, None, 'jpeg')
                found = content(image, window, size, format='jpg')
                assert decoded(found).shape[1::-1] == size
                if block is not None:
                    sent[factor] = sent.get(factor, 0) + 1
                    assert found == block
                shown = decoded(content(remade, window, size, format='jpg')).astype(int)
                assert np.abs(decoded(found) - shown).max() <= 12
                if size == (SIDE, SIDE):
                    assert block is not None
    # 7 x 6 whole blocks of the full size, 3 x 3 of the half, 1 x 1 of the quarter.
    assert sent == {1: 42, 2: 9, 4: 1}


@pytest.mark.parametrize(
    'look',
    [
        {'degrees': 90.0},
        {'mirrored': True},
        {'quality': 'gray'},
        {'quality': 'bitonal'},
        {'format': 'png'},
    ],
)
def test_what_differs_from_a_block_is_made(look: dict[str, Any], stored_pyramid: Path) -> None:
    image, window = Opened(stored_pyramid), (128, 128, 256, 256)
    block = content(image, window, format='jpg')
    assert block == stored_window(image.reader, window, (128, 128), None, 'jpeg')
    assert content(image, window, format='jpg', quality='color') == block
    assert content(image, window, **{'format': 'jpg', **look}) != block
    assert content(Opened(stored_pyramid, quality=40), window, format='jpg') != block
    assert content(Opened(stored_pyramid, {'band': 1}), window, format='jpg') != block


def test_too_much_is_refused_before_it_is_read(make_raster: Any, settings: Any) -> None:
    path = make_raster(noise(400, 400))
    settings.LARGE_IMAGE = {'TILE_SIZE': SIDE, 'MAX_OUTPUT_PIXELS': 400 * 400}
    assert whole(Opened(path)).shape == (400, 400, 3)
    with pytest.raises(BudgetError):
        whole(Opened(path), degrees=45.0)
    with pytest.raises(BudgetError):
        picture(Opened(path), (0, 0, 400, 400), (401, 400))
    settings.LARGE_IMAGE = {'TILE_SIZE': SIDE, 'MAX_READ_PIXELS': 400 * 300}
    with pytest.raises(BudgetError):
        picture(Opened(path), (0, 0, 400, 400), (100, 100))


def test_what_may_not_be_read_is_not_promised(make_raster: Any, settings: Any) -> None:
    path = make_raster(noise(1000, 1000), options=TILED)
    settings.LARGE_IMAGE = {'TILE_SIZE': SIDE, 'MAX_READ_PIXELS': 3 * 512 * 512}
    facts = pyramid(Opened(path).reader)
    assert facts.tiles[0].factors == (1, 2, 4)
    assert facts.sizes == ()
    image = Opened(path)
    for factor in facts.tiles[0].factors:
        assert reassembled(image, factor).shape[0] == 1000 // factor


def test_long_strips_turn_by_right_angles_only(make_raster: Any) -> None:
    image = Opened(make_raster(noise(1, 40000, 1)))
    assert whole(image, degrees=90.0).shape[:2] == (40000, 1)
    with pytest.raises(BudgetError):
        picture(image, (0, 0, 40000, 1), degrees=0.01)


@pytest.mark.parametrize(
    ('options', 'tile'),
    [
        ({}, (SIDE, SIDE)),
        ({'TILED': 'YES', 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 512}, (256, 512)),
        ({'TILED': 'YES', 'BLOCKXSIZE': 64, 'BLOCKYSIZE': 64}, (SIDE, SIDE)),
        ({'TILED': 'YES', 'BLOCKXSIZE': 512, 'BLOCKYSIZE': 128}, (SIDE, SIDE)),
        ({'BLOCKYSIZE': 256}, (SIDE, SIDE)),
    ],
)
def test_tiles_are_the_blocks_of_the_file(options: Any, tile: Any, make_raster: Any) -> None:
    image = Opened(make_raster(noise(600, 700), options=options))
    (tiles,) = pyramid(image.reader).tiles
    assert (tiles.width, tiles.height) == tile
    np.testing.assert_array_equal(reassembled(image, 1), noise(600, 700).transpose(1, 2, 0))


def test_a_format_that_cannot_hold_a_picture_says_so(make_raster: Any) -> None:
    image = Opened(make_raster(noise(1, 70000, 1)))
    for suffix in ('jpg', 'gif', 'webp', 'pdf'):
        with pytest.raises(FormatError):
            whole(image, format=suffix)
    assert whole(image, format='tif').shape[1] == 70000


def test_views_on_two_levels_agree(make_raster: Any) -> None:
    # The quarter lies beside the place of the image by less than a pixel of its own.
    data = factories.gradient(777, 1001)
    image = Opened(make_raster(data, options=TILED, overviews=[2, 4]))
    for window, size in [((0, 0, 1001, 777), (300, 233)), ((200, 100, 900, 700), (199, 170))]:
        stored = Image.fromarray(data.transpose(1, 2, 0)).crop(window)
        expected = np.asarray(stored.resize(size, Image.Resampling.BOX)).astype(int)
        assert np.abs(picture(image, window, size) - expected).max() <= 3


def test_samples_that_are_missing_do_not_darken_others(make_raster: Any) -> None:
    data = np.full((300, 300), 200, 'uint8')
    data[::2] = 0
    image = Opened(make_raster(data, nodata=0))
    for size in ((150, 150), (99, 99)):
        found = picture(image, (0, 0, 300, 300), size)
        seen = found[..., -1] > 0
        assert seen.any()
        assert np.abs(found[..., 0][seen].astype(int) - 200).max() <= 1


@pytest.mark.parametrize(('size', 'flat'), [((4000, 1), 0), ((1, 4000), 1)])
def test_what_is_stretched_is_reduced_before(
    size: Any, flat: int, make_raster: Any, monkeypatch: Any
) -> None:
    data = noise(90, 60) // 2 + 60
    image = Opened(make_raster(data, options=TILED))
    asked = []
    read = type(image.reader).read_window

    def spy(reader: Any, window: Any, size: Any, **options: Any) -> Any:
        asked.append(size)
        return read(reader, window, size, **options)

    monkeypatch.setattr(type(image.reader), 'read_window', spy)
    found = picture(image, (0, 0, 60, 90), size)
    assert asked == [tuple(min(pair) for pair in zip(size, (60, 90), strict=True))]
    assert found.shape == (size[1], size[0], 3)
    means = np.moveaxis(data, 0, 2).mean(axis=flat, keepdims=True)
    expected = cv2.resize(means, size, interpolation=cv2.INTER_LANCZOS4)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=2)


def test_rows_are_counted_though_an_image_is_made_flat(make_raster: Any, settings: Any) -> None:
    image = Opened(make_raster(noise(600, 600, 1), options=TILED))
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 200_000}
    with pytest.raises(BudgetError):
        content(image, (0, 0, 600, 600), (590, 2))
