"""Styles: what is read, what is refused, what is needed, what is shown."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from django_large_image.exceptions import StyleError
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.pixels.style import Style

from . import samples

GREY = (Band(1, 'gray', 'uint16'),)
GREY_BYTE = (Band(1, 'gray'),)
RGB = tuple(Band(n, name) for n, name in enumerate(('red', 'green', 'blue'), start=1))
RGBA = (*RGB, Band(4, 'alpha'))
MANY = tuple(Band(n, 'undefined', 'uint16', name=f'B{n}') for n in range(1, 8))


def known(low: float, high: float) -> BandStatistics:
    return BandStatistics(low, high, (low + high) / 2, 1.0)


def grey_raster(values: Any, dtype: str, **band: Any) -> Raster:
    data = np.array(values, dtype).reshape(1, -1, 1)
    return Raster(data, None, (Band(1, 'gray', dtype, **band),))


class TestParse:
    @pytest.mark.parametrize('value', [None, '', '{}', {}, 'null', {'bands': []}, {'band': None}])
    def test_nothing_asked_for(self, value: Any) -> None:
        style = Style.parse(value)
        assert style.identity
        assert style == Style()
        assert style.key == '{}'

    @pytest.mark.parametrize(
        'value',
        [
            {'band': 1},
            {'min': 3},
            {'bands': [{'band': 1}]},
            {'bands': {'band': 1}},
            {'palette': 'viridis'},
            {'dtype': 'uint8'},
            {'icc': False},
        ],
    )
    def test_something_asked_for(self, value: Any) -> None:
        assert not Style.parse(value).identity

    @pytest.mark.parametrize(
        ('value', 'words'),
        [
            ('{', 'not valid JSON'),
            ('[' * 100_000, 'not valid JSON'),
            ('[]', 'JSON object'),
            ('5', 'JSON object'),
            ('"viridis"', 'JSON object'),
            (5, 'JSON object'),
            ('{"min": NaN}', 'NaN'),
            ('{"max": -Infinity}', '-Infinity'),
            ({'min': float('nan')}, '"min" must be finite'),
            ({'max': float('inf')}, '"max" must be finite'),
            ({'min': '1e999'}, '"min" must be finite'),
            ({'min': 'low'}, '"min" is not a number'),
            ({'min': True}, '"min" is not a number'),
            ({'min': [1]}, '"min" is not a number'),
            ({'min': 'min:x'}, '"min" is not a number'),
            ({'min': 'min:2'}, 'fraction from 0 to 1'),
            ({'max': 'max:-0.1'}, 'fraction from 0 to 1'),
            ({'max': 'full:0.1'}, '"max" is not a number'),
            ({'band': 0}, 'Bands count from 1'),
            ({'band': -1}, 'Bands count from 1'),
            ({'band': '-3'}, 'Bands count from 1'),
            ({'band': 1.5}, '"band" is not a whole number'),
            ({'band': '1.5'}, '"band" is not a whole number'),
            ({'band': 1e300}, '"band" is not a whole number'),
            ({'band': [1]}, '"band" is not a number'),
            ({'band': ' '}, 'name of a band'),
            ({'frame': -1}, 'Frames count from 0'),
            ({'frame': 'x'}, '"frame" is not a number'),
            ({'framedelta': 'x'}, '"framedelta" is not a number'),
            ({'palette': 'no such'}, 'no palette'),
            ({'palette': ['red', 'no such']}, 'not a color'),
            ({'palette': []}, 'takes 1 to'),
            ({'palette': 7}, 'not a palette'),
            ({'scheme': 'wavy'}, '"scheme" must be one of linear, discrete'),
            ({'scheme': 1}, '"scheme" must be one of'),
            ({'composite': 'xor'}, '"composite" must be one of lighten, multiply'),
            ({'dtype': 'int12'}, '"dtype" must be one of'),
            ({'axis': 'x'}, '"axis" is not a number'),
            ({'clamp': 'maybe'}, '"clamp" must be true or false'),
            ({'nodata': 'none of it'}, '"nodata" is not a number'),
            ({'nodata': float('inf')}, '"nodata" must be finite'),
            ({'icc': 4}, '"icc"'),
            ({'bands': 5}, 'list of objects'),
            ({'bands': [5]}, 'list of objects'),
            ({'bands': [{'band': 1}] * 65}, 'at most 64'),
            ({'function': 'os.system'}, 'not allowed'),
            ({'bands': [{'band': 1, 'function': {'name': 'os.system'}}]}, 'not allowed'),
        ],
    )
    def test_refused(self, value: Any, words: str) -> None:
        with pytest.raises(StyleError) as caught:
            Style.parse(value)
        assert words in caught.value.detail
        assert len(caught.value.detail) < 200

    def test_unknown_keys_are_left_alone(self) -> None:
        assert Style.parse({'band': 1, 'preset': 'mine'}) == Style.parse({'band': 1})

    def test_json_and_object_are_the_same_value(self) -> None:
        value = {'bands': [{'band': 2, 'palette': 'viridis', 'min': 'min:0.02', 'max': 7}]}
        style = Style.parse(value)
        assert Style.parse(json.dumps(value)) == style
        assert hash(Style.parse(json.dumps(value))) == hash(style)

    @pytest.mark.parametrize(
        ('left', 'right'),
        [
            ({'band': '2', 'min': '5'}, {'min': 5.0, 'band': 2}),
            ({'band': 'RED'}, {'band': 'red'}),
            ({'palette': '#f00'}, {'palette': ['black', 'R']}),
            ({'band': 1, 'scheme': 'linear', 'max': 'auto'}, {'bands': [{'band': 1}]}),
        ],
    )
    def test_key_is_canonical(self, left: Any, right: Any) -> None:
        assert Style.parse(left).key == Style.parse(right).key

    @pytest.mark.parametrize(
        'other',
        [
            {'band': 2},
            {'band': 1, 'min': 0},
            {'band': 1, 'max': 'full'},
            {'band': 1, 'palette': 'viridis'},
            {'band': 1, 'palette': 'colortable'},
            {'band': 1, 'scheme': 'discrete'},
            {'band': 1, 'nodata': 0},
            {'band': 1, 'nodata': 'auto'},
            {'band': 1, 'clamp': False},
            {'band': 1, 'frame': 0},
            {'band': 1, 'framedelta': 1},
            {'band': 1, 'composite': 'multiply'},
            {'band': 1, 'dtype': 'uint8'},
            {'band': 1, 'axis': 0},
            {'band': 1, 'icc': False},
        ],
    )
    def test_key_tells_styles_apart(self, other: Any) -> None:
        assert Style.parse(other).key != Style.parse({'band': 1}).key

    def test_nan_nodata_is_equal_to_itself(self) -> None:
        assert Style.parse({'nodata': 'nan'}).key == Style.parse({'nodata': float('nan')}).key


class TestNeeds:
    def test_frames(self) -> None:
        assert Style().frames() == (None,)
        assert Style().frames(2, 3) == (2,)
        style = Style.parse({'bands': [{'frame': 2}, {'framedelta': 1}, {'band': 1}, {'frame': 0}]})
        assert style.frames(None, 3) == (2, 1, None)
        assert style.frames(1, 3) == (2, 1, 0)

    @pytest.mark.parametrize('entry', [{'frame': 3}, {'framedelta': -1}, {'framedelta': 5}])
    def test_no_such_frame(self, entry: Any) -> None:
        with pytest.raises(StyleError, match=r'There is no frame -?\d; the image has 3'):
            Style.parse(entry).frames(0, 3)

    @pytest.mark.parametrize(
        ('style', 'bands', 'expected'),
        [
            (None, RGBA, (1, 2, 3)),
            (None, GREY, (1,)),
            (None, MANY, (1, 2, 3)),
            (None, MANY[:2], (1,)),
            (None, (Band(1, 'blue'), Band(2, 'green'), Band(3, 'red')), (3, 2, 1)),
            (None, (Band(1, 'gray'), *MANY[1:]), (1,)),
            ({'band': 'blue'}, RGBA, (3,)),
            ({'band': 'gray'}, RGB, (2,)),
            ({'band': 'green'}, MANY, (2,)),
            ({'band': 'b5'}, MANY, (5,)),
            ({'band': '5'}, MANY, (5,)),
            ({'band': 'alpha'}, RGBA, (4,)),
            ({'bands': [{'band': 5}, {'band': 2}, {'band': 5}]}, MANY, (5, 2)),
        ],
    )
    def test_band_numbers(
        self, style: Any, bands: tuple[Band, ...], expected: tuple[int, ...]
    ) -> None:
        assert Style.parse(style).band_numbers(bands) == expected

    @pytest.mark.parametrize('name', [8, 'nir', 'alpha'])
    def test_no_such_band(self, name: Any) -> None:
        with pytest.raises(StyleError, match='There is no band'):
            Style.parse({'band': name}).band_numbers(MANY)

    @pytest.mark.parametrize(
        ('style', 'bands', 'expected'),
        [
            (None, RGB, ()),
            (None, GREY_BYTE, ()),
            (None, GREY, ((None, 1),)),
            ({'band': 1, 'min': 0, 'max': 9}, GREY, ()),
            ({'band': 1, 'min': 'full', 'max': 'full'}, GREY, ()),
            ({'band': 2, 'min': 0}, MANY, ((None, 2),)),
            ({'band': 2, 'min': 'min:0.1', 'max': 3}, RGB, ((None, 2),)),
            ({'band': 2}, RGBA, ((None, 2), (None, 1), (None, 3))),
            ({'band': 2, 'frame': 4}, MANY, ((4, 2),)),
            ({'band': 'alpha'}, RGBA, ((None, 4),)),
        ],
    )
    def test_statistics(self, style: Any, bands: tuple[Band, ...], expected: Any) -> None:
        assert Style.parse(style).needs_statistics(bands) == expected


class TestDefaultLook:
    def test_color_bytes_are_not_copied(self) -> None:
        data = samples.gradient('uint8', 3)
        picture = Style().apply({None: Raster(data, None, RGB)})
        assert picture.mode == 'RGB'
        assert np.shares_memory(picture.data, data)

    def test_grey_bytes_are_not_copied(self) -> None:
        data = samples.gradient('uint8', 1)
        picture = Style().apply({0: Raster(data, None, GREY_BYTE)})
        assert picture.mode == 'L'
        assert np.shares_memory(picture.data, data)

    @pytest.mark.parametrize(('bands', 'mode'), [(RGB, 'RGBA'), (GREY_BYTE, 'LA')])
    def test_mask_becomes_alpha(self, bands: tuple[Band, ...], mode: str) -> None:
        data = samples.gradient('uint8', len(bands))
        mask = samples.gradient('uint8', 1)[:, :, 0]
        picture = Style().apply({None: Raster(data, mask, bands)})
        assert picture.mode == mode
        np.testing.assert_array_equal(picture.data[:, :, -1], mask)
        np.testing.assert_array_equal(picture.data[:, :, :-1], data)

    def test_a_mask_that_hides_nothing_is_no_alpha(self) -> None:
        data = samples.gradient('uint8', 3)
        mask = np.full(data.shape[:2], 255, np.uint8)
        assert Style().apply({None: Raster(data, mask, RGB)}).mode == 'RGB'

    def test_bands_in_another_order(self) -> None:
        data = np.array([[[1, 2, 3]]], np.uint8)
        bands = (Band(1, 'blue'), Band(2, 'green'), Band(3, 'red'))
        picture = Style().apply({None: Raster(data, None, bands)})
        assert picture.data.tolist() == [[[3, 2, 1]]]

    def test_other_types_are_stretched(self) -> None:
        raster = grey_raster([100, 150, 200, 300], 'uint16')
        picture = Style().apply({None: raster}, {(None, 1): known(100, 200)})
        assert picture.mode == 'L'
        assert picture.data.ravel().tolist() == [0, 127, 255, 255]

    def test_without_statistics_the_range_of_the_type(self) -> None:
        picture = Style().apply({None: grey_raster([0, 65535], 'uint16')})
        assert picture.data.ravel().tolist() == [0, 255]

    def test_declared_nodata_is_transparent(self) -> None:
        raster = grey_raster([0, 5, 7], 'int16', nodata=5)
        picture = Style().apply({None: raster}, {(None, 1): known(0, 7)})
        assert picture.mode == 'LA'
        assert picture.data[0, :, 1].tolist() == [255, 0, 255]

    def test_declared_nodata_of_bytes(self) -> None:
        picture = Style().apply({None: grey_raster([0, 5, 7], 'uint8', nodata=0)})
        assert picture.to_rgba().data[0, :, 3].tolist() == [0, 255, 255]

    @pytest.mark.parametrize('dtype', ['float32', 'float64', 'float16'])
    def test_nan_and_infinities(self, dtype: str) -> None:
        raster = grey_raster([np.nan, 0, 1, np.inf, -np.inf], dtype)
        picture = Style().apply({None: raster}, {(None, 1): known(0, 1)}).to_rgba()
        assert picture.data[0, :, 3].tolist() == [0, 255, 255, 255, 255]
        assert picture.data[0, 1:, 0].tolist() == [0, 255, 255, 0]

    def test_the_largest_number_as_nodata(self) -> None:
        lowest = float(np.finfo(np.float32).min)
        raster = grey_raster([lowest, 0, 1], 'float32', nodata=lowest)
        picture = Style().apply({None: raster}, {(None, 1): known(0, 1e-3)}).to_rgba()
        assert picture.data[0, :, 3].tolist() == [0, 255, 255]

    def test_color_table(self) -> None:
        colors = ((1, 2, 3, 255), (4, 5, 6, 0), (7, 8, 9, 255))
        data = np.array([[[0], [1], [2], [9]]], np.uint8)
        raster = Raster(data, None, (Band(1, 'palette', colors=colors),))
        picture = Style().apply({None: raster})
        assert picture.data[0].tolist() == [list(colors[i]) for i in (0, 1, 2, 2)]

    def test_no_bands(self) -> None:
        with pytest.raises(StyleError, match='no bands'):
            Style().apply({None: Raster(np.zeros((1, 1, 0), np.uint8), None, ())})


class TestApply:
    def test_grey_stays_grey(self) -> None:
        raster = grey_raster([0, 50, 100], 'uint8')
        picture = Style.parse({'min': 0, 'max': 100}).apply({None: raster})
        assert picture.mode == 'L'
        assert picture.data.ravel().tolist() == [0, 127, 255]

    def test_opaque_colors_have_no_alpha(self) -> None:
        style = Style.parse({'palette': ['#f00', '#00f'], 'min': 0, 'max': 100})
        picture = style.apply({None: grey_raster([0, 100], 'uint8')})
        assert picture.mode == 'RGB'
        assert picture.data[0].tolist() == [[255, 0, 0], [0, 0, 255]]

    @pytest.mark.parametrize('dtype', ['uint8', 'int8', 'uint16', 'int16', 'int32', 'float32'])
    def test_every_type_through_the_same_range(self, dtype: str) -> None:
        style = Style.parse({'palette': ['#000', '#f00', '#ff0'], 'min': 0, 'max': 100})
        picture = style.apply({None: grey_raster([0, 25, 50, 75, 100, 120], dtype)})
        expected = [[0, 0, 0], [127, 0, 0], [255, 0, 0], [255, 127, 0], [255, 255, 0]]
        found = picture.to_rgba().data[0, :, :3].astype(int)
        # Where there are more colours than a palette holds, neighbours become one.
        tolerance = 1 if dtype in ('int32', 'float32') else 0
        np.testing.assert_allclose(found, [*expected, expected[-1]], atol=tolerance)

    def test_dtype_asks_for_exact_colors(self) -> None:
        style = {'palette': 'viridis', 'min': 0, 'max': 65535}
        raster = grey_raster(np.arange(0, 65536, 7), 'uint16')
        near = Style.parse(style).apply({None: raster}).to_rgba().data.astype(int)
        exact = Style.parse({**style, 'dtype': 'uint8'}).apply({None: raster}).to_rgba().data
        assert len(np.unique(near[0], axis=0)) <= 256 < len(np.unique(exact[0], axis=0))
        assert np.abs(near - exact).max() == 1

    @pytest.mark.parametrize('dtype', ['int8', 'int16', 'int32', 'float64'])
    def test_negative_values(self, dtype: str) -> None:
        style = Style.parse({'min': -100, 'max': 100, 'clamp': False})
        picture = style.apply({None: grey_raster([-128, -100, 0, 100], dtype)}).to_rgba()
        assert picture.data[0, :, 0].tolist() == [0, 0, 127, 255]
        assert picture.data[0, :, 3].tolist() == [0, 255, 255, 255]

    def test_complex_numbers_by_magnitude(self) -> None:
        style = Style.parse({'min': 0, 'max': 10})
        picture = style.apply({None: grey_raster([3 + 4j, 10], 'complex64')})
        assert picture.to_rgba().data[0, :, 0].tolist() == [127, 255]

    def test_frames_are_laid_over_one_another(self) -> None:
        style = Style.parse(
            {
                'bands': [
                    {'frame': 0, 'palette': '#f00', 'min': 0, 'max': 255},
                    {'frame': 2, 'palette': '#0f0', 'min': 0, 'max': 255},
                ]
            }
        )
        rasters = {0: grey_raster([10, 20], 'uint8'), 2: grey_raster([200, 0], 'uint8')}
        assert style.apply(rasters, frame=0).data[0].tolist() == [[10, 200, 0], [20, 0, 0]]

    def test_framedelta_counts_from_the_default_frame(self) -> None:
        style = Style.parse({'framedelta': 1, 'min': 0, 'max': 255})
        rasters = {3: grey_raster([10], 'uint8')}
        assert style.apply(rasters, frame=2).data.ravel().tolist() == [10]
        with pytest.raises(StyleError, match='no frame 6'):
            style.apply(rasters, frame=5)

    def test_frames_of_unlike_sizes_keep_that_of_the_first(self) -> None:
        style = Style.parse(
            {'bands': [{'frame': 0, 'palette': '#f00', 'min': 0}, {'frame': 1, 'min': 0}]}
        )
        rasters = {0: grey_raster([1, 2, 3], 'uint8'), 1: grey_raster([9], 'uint8')}
        assert style.apply(rasters).data.shape[:2] == (1, 3)

    def test_statistics_of_each_frame(self) -> None:
        style = Style.parse({'frame': 1, 'min': 'min', 'max': 'max'})
        rasters = {1: grey_raster([10, 20], 'uint8')}
        statistics = {(0, 1): known(0, 255), (1, 1): known(10, 20)}
        assert style.apply(rasters, statistics).data.ravel().tolist() == [0, 255]

    @pytest.mark.parametrize('alpha', ['alpha', 4])
    def test_a_style_that_reads_alpha_is_not_masked_as_well(self, alpha: Any) -> None:
        data = np.full((1, 2, 3), 100, np.uint8)
        mask = np.array([[128, 255]], np.uint8)
        style = Style.parse(
            {
                'bands': [
                    {'band': 1, 'palette': '#fff', 'min': 0, 'max': 255},
                    {'band': alpha, 'palette': ['#fff0', '#fff'], 'composite': 'multiply'},
                ]
            }
        )
        picture = style.apply({None: Raster(data, mask, RGB)}, bands=RGBA)
        assert picture.data[0].tolist() == [[100, 100, 100, 128], [100, 100, 100, 255]]

    def test_alpha_by_name_has_large_images_defaults(self) -> None:
        data = np.full((1, 2, 3), 100, np.uint8)
        mask = np.array([[0, 255]], np.uint8)
        style = Style.parse({'bands': [{'band': 1, 'min': 0, 'max': 255}, {'band': 'alpha'}]})
        picture = style.apply({None: Raster(data, mask, RGB)}, bands=RGBA)
        assert picture.data[0].tolist() == [[100, 100, 100, 0], [100, 100, 100, 255]]

    @pytest.mark.parametrize(('maximum', 'expected'), [(255, 255), (65535, 0)])
    def test_alpha_of_wide_samples_ends_where_it_was_measured(
        self, maximum: int, expected: int
    ) -> None:
        bands = (Band(1, 'gray', 'uint16'), Band(2, 'alpha', 'uint16'))
        raster = Raster(np.array([[[9, 255]]], np.uint16), None, bands)
        style = Style.parse({'bands': [{'band': 1, 'min': 0, 'max': 9}, {'band': 'alpha'}]})
        assert style.needs_statistics(bands) == ((None, 2),)
        picture = style.apply({None: raster}, {(None, 2): known(0, maximum)})
        assert picture.data[0, 0].tolist() == [255, 255, 255, expected]

    def test_mask_scales_the_alpha_of_a_palette(self) -> None:
        data = np.array([[[255], [255]]], np.uint8)
        mask = np.array([[255, 128]], np.uint8)
        style = Style.parse({'palette': ['#f000', '#f008'], 'min': 0, 'max': 255})
        picture = style.apply({None: Raster(data, mask, GREY_BYTE)})
        assert picture.data[0, :, 3].tolist() == [136, 68]

    def test_no_color_table(self) -> None:
        with pytest.raises(StyleError, match='no color table'):
            Style.parse({'palette': 'colortable'}).apply({None: grey_raster([1], 'uint8')})

    def test_axis_takes_one_channel(self) -> None:
        style = Style.parse({'palette': ['#000', '#f80'], 'min': 0, 'max': 255, 'axis': 1})
        picture = style.apply({None: grey_raster([255], 'uint8')})
        assert picture.mode == 'L'
        assert picture.data.tolist() == [[[136]]]

    def test_axis_beyond_the_channels_is_left_alone(self) -> None:
        style = Style.parse({'palette': '#f80', 'min': 0, 'max': 255, 'axis': 9})
        assert style.apply({None: grey_raster([255], 'uint8')}).mode == 'RGBA'

    def test_dtype_uint16_reaches_the_end(self) -> None:
        style = Style.parse({'min': 0, 'max': 100, 'dtype': 'uint16'})
        picture = style.apply({None: grey_raster([0, 50, 200], 'uint8')})
        assert picture.data.dtype == np.uint16
        assert picture.data[0, :, 0].tolist() == [0, 32767, 65535]

    def test_resolving_is_independent_of_the_pixels(self) -> None:
        style = Style.parse({'band': 2, 'palette': 'viridis', 'min': 'min', 'max': 'max:0'})
        (layer,) = style.resolve(MANY, {(None, 2): known(5, 50)})
        assert (layer.number, layer.ramp.low, layer.ramp.high) == (2, 5, 50)
        assert len(layer.ramp.palette) == 4 * 256
