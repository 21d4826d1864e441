"""What the page "Catalogues" of the documentation does, done to a real scene."""

from __future__ import annotations

import io
import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from osgeo import gdal
from PIL import Image

from django_large_image.catalog import api

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.urls')]
SNIPPET = Path(__file__).parents[2] / 'docs' / 'snippets' / 'catalog_scenes.py'


@pytest.fixture
def scene(roots: Path, data_dir: Path) -> Path:
    """Three bands of a Landsat scene."""
    return Path(shutil.copy(data_dir / 'geo' / 'landsat_rgb_utm18.tif', roots))


def test_the_bands_of_a_file(roots: Path, scene: Path) -> None:
    tutorial = runpy.run_path(str(SNIPPET))
    tutorial['make']()
    tutorial['add'](scene.name, 'coast', '2013-07-01', ('red', 'green', 'blue'))
    tutorial['add'](scene.name, 'coast', '2014-07-01', ('red', 'green', 'blue'))
    (dataset,) = tutorial['summer'](2013, (-80, 20, -70, 40))
    assert (dataset.key_2, dataset.band) == ('red', 1)
    pixels = gdal.Open(str(scene)).ReadAsArray()
    assert dataset.maximum == pixels[0].max()
    assert tutorial['summer'](2013, (10, 20, 20, 40)) == []
    assert tutorial['summer'](2012, (-80, 20, -70, 40)) == []


def test_from_files_to_a_formula(client: Any, roots: Path, scene: Path) -> None:
    raw = roots / 'raw'
    raw.mkdir()
    for number, band in enumerate(('red', 'green', 'blue'), 1):
        path = str(raw / f'coast_2013-07-01_{band}.tif')
        gdal.Translate(path, str(scene), bandList=[number])
    call_command('optimize_rasters', str(raw), '--output', str(roots / 'scenes'), verbosity=0)
    pattern = f'{roots}/scenes/{{place}}_{{date:date}}_{{band}}.tif'
    call_command('ingest_rasters', 'landsat', pattern, workers=1, verbosity=0)
    assert len(api.search('landsat', {'place': 'coast'}).rows()) == 3
    formula = {'expression': '(green - red) / (green + red)', 'stretch_range': '[-1,1]'}
    url = '/catalogs/landsat/compute/coast/2013-07-01/preview.png'
    shown = np.asarray(Image.open(io.BytesIO(client.get(url, formula).content)).convert('RGBA'))
    red, green = (band.astype(float) for band in gdal.Open(str(scene)).ReadAsArray()[:2])
    with np.errstate(invalid='ignore', divide='ignore'):
        expected = np.nanmean((green - red) / (green + red))
    seen = shown[..., 0][shown[..., 3] > 0].astype(float)
    assert 2 * (seen.mean() - 1) / 254 - 1 == pytest.approx(expected, abs=0.02)
