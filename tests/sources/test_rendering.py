"""One way from a style and a place to a picture: what is read, and how often."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.exceptions import BudgetError, StyleError
from django_large_image.pixels.style import Style
from django_large_image.sources.rendering import render
from tests import factories

from .references import source


def rendered(reader, style, frame=None):
    asked = []

    def read(number, bands):
        asked.append((number, tuple(bands)))
        return reader.read_window(
            (0, 0, reader.sizeX, reader.sizeY),
            (reader.sizeX, reader.sizeY),
            frame=number,
            bands=bands,
        )

    picture = render(reader, None, Style.parse(style), frame, read)
    return picture.to_uint8().to_rgba().data, asked


def test_only_the_bands_of_the_style_are_read(make_raster):
    data = np.stack([np.full((4, 4), value, 'uint8') for value in (10, 20, 30, 40, 50)])
    reader = source(make_raster(data))
    style = {
        'bands': [
            {'band': 5, 'min': 0, 'max': 255, 'palette': ['#000', '#f00']},
            {'band': 2, 'min': 0, 'max': 255, 'palette': ['#000', '#0f0']},
        ]
    }
    shown, asked = rendered(reader, style)
    assert asked == [(None, (5, 2))]
    assert shown[0, 0].tolist() == [50, 20, 0, 255]


def test_each_frame_is_read_once(tmp_path):
    frames = [np.full((4, 4), value, 'uint8') for value in (10, 20, 30)]
    reader = source(factories.multiframe(tmp_path / 'a.tif', frames))
    style = {
        'bands': [
            {'band': 1, 'frame': 2, 'min': 0, 'max': 255, 'palette': ['#000', '#f00']},
            {'band': 1, 'frame': 1, 'min': 0, 'max': 255, 'palette': ['#000', '#0f0']},
            {'band': 1, 'frame': 2, 'min': 0, 'max': 255, 'palette': ['#000', '#00f']},
        ]
    }
    shown, asked = rendered(reader, style)
    assert sorted(number for number, _ in asked) == [1, 2]
    assert shown[0, 0].tolist() == [30, 20, 30, 255]


def test_limits_are_measured_over_the_whole_image(make_raster):
    data = np.tile(np.linspace(100, 200, 50), (4, 1)).astype('float32')
    shown, _ = rendered(
        source(make_raster(data)),
        {'band': 1, 'min': 'min', 'max': 'max', 'palette': ['#000', '#fff']},
    )
    assert shown[0, 0].tolist() == [0, 0, 0, 255]
    assert shown[0, -1].tolist() == [255, 255, 255, 255]


def test_what_is_not_there_is_refused(make_raster):
    reader = source(make_raster(np.zeros((3, 4, 4), 'uint8')))
    for style in ({'band': 4}, {'band': 1, 'frame': 1}, {'band': 'infrared'}):
        with pytest.raises(StyleError):
            rendered(reader, style)


def test_too_many_bands_at_once_are_refused(make_raster, settings):
    settings.LARGE_IMAGE = {'MAX_BANDS': 2}
    reader = source(make_raster(np.zeros((3, 4, 4), 'uint8')))
    with pytest.raises(BudgetError):
        rendered(reader, {'bands': [{'band': number} for number in (1, 2, 3)]})
