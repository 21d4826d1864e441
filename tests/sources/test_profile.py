"""Profiles, of which a style that asks for sRGB makes use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.exceptions import StyleError
from django_large_image.pixels.style import Style
from django_large_image.sources.profile import profile_of
from django_large_image.sources.rendering import render
from tests import factories
from tests.pixels.test_icc import swapped_profile

from .references import source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'image.png'
    image = Image.fromarray(factories.gradient(32, 48).transpose(1, 2, 0))
    image.save(path, icc_profile=swapped_profile())
    return path


@pytest.mark.parametrize('kind', ['png', 'tiff', 'jpeg'])
def test_the_profile_is_the_files(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f'image.{kind}'
    image = Image.new('RGB', (60, 40))
    image.save(path, icc_profile=swapped_profile())
    reader = source(path)
    assert profile_of(reader, None) == swapped_profile()
    assert profile_of(reader, 0) is profile_of(reader, None)
    image.save(path)
    assert profile_of(source(path), None) is None
    with pytest.raises(StyleError):
        profile_of(reader, 7)


def test_the_profile_of_inks_is_not_that_of_colours(tmp_path: Path) -> None:
    path = tmp_path / 'inks.tif'
    Image.new('CMYK', (60, 40)).save(path, icc_profile=swapped_profile())
    assert profile_of(source(path), None) is None


@pytest.mark.parametrize(('icc', 'turned'), [(None, False), (False, False), (True, True)])
def test_colours_are_turned_when_a_style_says_so(icc: Any, turned: bool, path: Path) -> None:
    reader, data = source(path), factories.gradient(32, 48).transpose(1, 2, 0).astype(int)
    style = Style.parse({} if icc is None else {'icc': icc})
    shown = render(
        reader,
        None,
        style,
        None,
        lambda frame, bands: reader.read_window((0, 0, 48, 32), (48, 32), bands=bands),
    )
    expected = data[:, :, [1, 0, 2]] if turned else data
    assert np.abs(shown.data.astype(int) - expected).max() <= 3 * turned
