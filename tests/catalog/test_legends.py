"""Legends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from tests.catalog.scenes import NODATA, ROOT, make, samples

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DATA = samples(4)


@pytest.fixture(autouse=True)
def catalog(settings: Any, tmp_path: Path) -> None:
    """One dataset."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path / 'rasters')]}
    make(tmp_path / 'rasters', {('S2', '2024-05-31', 'B04'): DATA})


@pytest.mark.parametrize('name', ['colormap', 'legend'])
def test_values_run_evenly_from_end_to_end(client, name):
    query = {'stretch_range': '[-1,1]', 'colormap': 'viridis', 'num_values': '5'}
    told = client.get(f'{ROOT}/{name}', query).json()['colormap']
    assert [entry['value'] for entry in told] == [-1, -0.5, 0, 0.5, 1]
    colors = (mpl.colormaps['viridis'](np.linspace(0, 1, 255)) * 255).astype(int)
    assert [entry['rgba'] for entry in told] == colors[[0, 63, 127, 191, 254]].tolist()


def test_there_are_255_values_of_grey_by_default(client):
    told = client.get(f'{ROOT}/colormap', {'stretch_range': '[1,255]'}).json()['colormap']
    assert [entry['value'] for entry in told] == list(range(1, 256))
    assert [entry['rgba'] for entry in told] == [[n, n, n, 255] for n in range(1, 256)]


def test_categories(client):
    query = {
        'colormap': 'explicit',
        'explicit_color_map': '[[1, "ff0000"], [[2, null], [0, 0, 255, 9]]]',
    }
    assert client.get(f'{ROOT}/colormap', query).json()['colormap'] == [
        {'value': 1, 'rgba': [255, 0, 0, 255]},
        {'value': [2, None], 'rgba': [0, 0, 255, 9]},
    ]


def test_the_ends_of_a_dataset_are_its_own(client):
    url = f'{ROOT}/legend/S2/2024-05-31/B04'
    told = client.get(url, {'num_values': '2'}).json()['colormap']
    valid = DATA[DATA != NODATA]
    assert [entry['value'] for entry in told] == [valid.min(), valid.max()]
    told = client.get(url, {'num_values': '2', 'stretch_range': '["p2","p98"]'}).json()['colormap']
    expected = np.percentile(valid, [2, 98])
    assert [entry['value'] for entry in told] == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    'query',
    [
        {},
        {'stretch_range': '[1,0]'},
        {'stretch_range': '["p2",5]'},
        {'stretch_range': '[0,null]'},
        {'stretch_range': 'x'},
        {'stretch_range': '[0,1]', 'colormap': 'nosuch'},
        {'stretch_range': '[0,1]', 'num_values': '0'},
        {'stretch_range': '[0,1]', 'num_values': '1000000000'},
        {'stretch_range': '[0,1]', 'num_values': 'x'},
        {'colormap': 'explicit'},
        {'colormap': 'explicit', 'explicit_color_map': '{}'},
    ],
)
def test_what_makes_no_sense_is_refused(client, query):
    response = client.get(f'{ROOT}/colormap', query)
    assert response.status_code == 400
    assert set(response.json()) == {'message'}
