"""Whatever a client writes is a picture or an error with a name, never anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_large_image.exceptions import FormatError, StyleError
from django_large_image.pixels.formats import FORMATS, EncodeOptions
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style

DTYPES = ('uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64')
WORDS = ('auto', 'min', 'max:0.1', 'full', 'viridis', 'colortable', 'red', '#f00', 'nan', '1', '0')
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)  # fmt: skip
LIMITS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    ['auto', 'min', 'max', 'full', 'min:0.1', 'max:0.9']
)
SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    'band': st.sampled_from([1, 2, 3, 'red', 'alpha', '1']),
    'frame': st.sampled_from([0, 1]),
    'framedelta': st.sampled_from([0, 1]),
    'min': LIMITS,
    'max': LIMITS,
    'palette': st.sampled_from(['viridis', '#f00', '#0f08', ['#000'], ['#f000', '#fff'], 'tab10']),
    'scheme': st.sampled_from(['linear', 'discrete']),
    'nodata': st.floats(allow_infinity=False) | st.just('auto'),
    'composite': st.sampled_from(['lighten', 'multiply']),
    'clamp': st.booleans(),
    'dtype': st.sampled_from(['uint8', 'uint16', 'float', 'source']),
    'axis': st.integers(-1, 5),
}
SENSIBLE_ENTRY = st.fixed_dictionaries({}, optional=SENSIBLE)
ENTRY = SENSIBLE_ENTRY | st.fixed_dictionaries(
    {}, optional={key: JUNK | value for key, value in SENSIBLE.items()}
)
STYLES = JUNK | ENTRY | st.fixed_dictionaries({'bands': st.lists(ENTRY, max_size=3)})


def raster(dtype: str, masked: bool) -> Raster:
    """Return samples with every extreme of their type among them."""
    random = np.random.default_rng(0)
    if np.dtype(dtype).kind == 'f':
        data = random.normal(size=(5, 7, 3)).astype(dtype)
        data[0, :4] = np.array([np.nan, np.inf, -np.inf, np.finfo(dtype).min])[:, None]
    else:
        ends = np.iinfo(dtype)
        data = random.integers(ends.min, ends.max, (5, 7, 3), dtype, endpoint=True)
        data[0, :2] = np.array([ends.min, ends.max])[:, None]
    mask = random.integers(0, 255, (5, 7), np.uint8, endpoint=True) if masked else None
    names = ('red', 'green', 'blue')
    bands = tuple(Band(index + 1, name, dtype, nodata=3) for index, name in enumerate(names))
    return Raster(data, mask, bands)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(STYLES, st.sampled_from(DTYPES), st.booleans(), st.sampled_from(sorted(FORMATS)))
def test_a_picture_or_a_style_error(
    given_style: Any, dtype: str, masked: bool, suffix: str
) -> None:
    samples = raster(dtype, masked)
    bands = (*samples.bands, Band(4, 'alpha', dtype))
    try:
        style = Style.parse(given_style)
        assert hash(style) == hash(Style.parse(given_style))
        rasters = dict.fromkeys(style.frames(None, 3), samples)
        style.band_numbers(bands)
        style.needs_statistics(bands)
        picture = style.apply(rasters, bands=bands)
    except StyleError:
        return
    assert (picture.height, picture.width) == (5, 7)
    assert FORMATS[suffix].encode(picture, EncodeOptions())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text())
def test_any_text(text: str) -> None:
    with suppress(StyleError):
        assert isinstance(Style.parse(text), Style)


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    ('low', 'high'), [(0, 1e-239), (-1e308, 1e308), (1e308, -1e308), (5e-324, 0), (-1e38, 1e38)]
)
@pytest.mark.parametrize('scheme', ['linear', 'discrete'])
def test_extreme_ranges(dtype: str, low: float, high: float, scheme: str) -> None:
    style = Style.parse({'min': low, 'max': high, 'scheme': scheme, 'palette': 'viridis'})
    picture = style.apply({None: raster(dtype, masked=False)}).to_rgba()
    assert picture.data[1:, :, 3].min() == 255


def test_every_format_says_what_it_cannot_hold() -> None:
    with pytest.raises(FormatError, match=r'\.$'):
        FORMATS['webp'].encode(
            Style().apply({None: Raster(np.zeros((1, 20_000, 1), np.uint8), None, (Band(1),))}),
            EncodeOptions(),
        )
