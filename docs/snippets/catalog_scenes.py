"""Scenes of Landsat as a catalogue: each band of a file is a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from django_large_image.catalog import api
from django_large_image.catalog.models import Dataset

LANDSAT_8 = ('coastal', 'blue', 'green', 'red', 'nir', 'swir1', 'swir2')


def make() -> None:
    """Make the catalogue, once."""
    keys = ['place', {'name': 'date', 'kind': 'date', 'description': 'Of the scene'}, 'band']
    api.create('landsat', keys, title='Landsat')


def add(path: str, place: str, date: str, bands: Sequence[str] = LANDSAT_8) -> None:
    """Add the bands of a file below a folder of `CATALOG_ROOTS`, or replace those of before."""
    for number, band in enumerate(bands, 1):
        api.insert('landsat', {'place': place, 'date': date, 'band': band}, path, band=number)


def summer(year: int, bbox: tuple[float, float, float, float]) -> list[Dataset]:
    """Return the red bands of a summer that meet west, south, east and north."""
    days = api.Between(f'{year}-06-01', f'{year}-08-31')
    return api.search('landsat', {'date': days, 'band': 'red'}, bbox=bbox).datasets(limit=500)
