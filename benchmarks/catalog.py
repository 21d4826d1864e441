"""How long a search takes among a million datasets: `python -m benchmarks.catalog`.

The catalogue is made in a temporary folder, in SQLite, and in a PostgreSQL of the tests' own where
that is installed; 100,000 scenes of ten bands. Times are medians in milliseconds, in process, from
the search to the values of its first page of 100.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import django
from tqdm import tqdm

KEYS = ['sensor', 'date:date', 'cloud:number', 'band']
BANDS = [f'B{number:02}' for number in range(10)]
EUROPE, ALPS, TOWN = (-10, 35, 40, 70), (5, 45, 15, 55), (10, 40, 10.5, 40.5)
# What measurements take in a row.
MEASURED = {
    'minimum': 0.0,
    'maximum': 1.0,
    'mean': 0.5,
    'stdev': 0.1,
    'valid_percentage': 100.0,
    'measured_version': 'v',
    'percentiles': [round(number * 101.0101, 3) for number in range(99)],
    'hull': {
        'type': 'Polygon',
        'coordinates': [[[number * 1.2345, 2.3456] for number in range(9)]],
    },
}


def searches() -> dict[str, dict[str, Any]]:
    """Return the searches by what they are called."""
    from django_large_image.catalog.terms import Between

    years, month = Between('2016-01-01', '2017-12-31'), Between('2016-01-01', '2016-01-31')
    clear, middle, late = Between(None, 5), Between(50, 52), Between('2019-01-01')
    days = [str(date(2015, 1, 4) + timedelta(days=25 * number)) for number in range(100)]
    clouds = spread(100)
    return {
        'all': {},
        'a value of the first key': {'conditions': {'sensor': 'S1'}},
        'a value of the last key': {'conditions': {'band': 'B03'}},
        'a day': {'conditions': {'date': '2016-01-01'}},
        '3 of 10 bands': {'conditions': {'band': BANDS[3:6]}},
        '28 days': {'conditions': {'date': [f'2016-01-{day:02}' for day in range(1, 29)]}},
        '9 values of cloud over all its range': {'conditions': {'cloud': clouds[::11][:9]}},
        '100 values of cloud over all its range': {'conditions': {'cloud': clouds}},
        'these 9 and a band': {'conditions': {'cloud': clouds[::11][:9], 'band': 'B03'}},
        '100 days over seven years and a band': {'conditions': {'date': days, 'band': 'B03'}},
        'these 100 days in Europe': {'conditions': {'date': days}, 'bbox': EUROPE},
        'cloud up to 5': {'conditions': {'cloud': clear}},
        'two years': {'time': years},
        'a town': {'bbox': TOWN},
        'the Alps': {'bbox': ALPS},
        'Europe': {'bbox': EUROPE},
        'the world': {'bbox': (-180, -90, 180, 90)},
        'a box over the antimeridian': {'bbox': (170, -10, -170, 10)},
        'sensor and band': {'conditions': {'sensor': 'S1', 'band': 'B03'}},
        'sensor and a band that there is not': {'conditions': {'sensor': 'S1', 'band': 'B99'}},
        'a day and a band': {'conditions': {'date': '2020-05-05', 'band': 'B02'}},
        'cloud of 50 to 51 in two years': {
            'conditions': {'cloud': Between(50, 51)},
            'time': years,
        },
        'sensor, cloud of 50 to 52, a month': {
            'conditions': {'sensor': 'S1', 'cloud': middle},
            'time': month,
        },
        'sensor, two years, a town': {'conditions': {'sensor': 'S2'}, 'time': years, 'bbox': TOWN},
        'sensor, two years, Europe': {
            'conditions': {'sensor': 'S2'},
            'time': years,
            'bbox': EUROPE,
        },
        'sensor, from 2019, half the world': {
            'conditions': {'sensor': 'L8'},
            'time': late,
            'bbox': (0, -90, 180, 90),
        },
        'band, a month, Europe': {'conditions': {'band': 'B05'}, 'time': month, 'bbox': EUROPE},
        'band, cloud up to 5, the Alps': {
            'conditions': {'band': 'B05', 'cloud': clear},
            'bbox': ALPS,
        },
        'cloud from 99, a strip round the world': {
            'conditions': {'cloud': Between(99)},
            'bbox': (-180, 10, 180, 10.5),
        },
        'two sensors, two bands, cloud up to 5, two years, the Alps': {
            'conditions': {'sensor': ['S1', 'S2'], 'band': ['B05', 'B06'], 'cloud': clear},
            'time': years,
            'bbox': ALPS,
        },
        'the latest of a band': {'conditions': {'band': 'B05'}, 'order': ['date']},
        'the latest of a town': {'bbox': TOWN, 'order': ['date']},
        'the latest of a band in Europe': {
            'conditions': {'band': 'B05'},
            'bbox': EUROPE,
            'order': ['date'],
        },
        'a sensor, the last band and its latest first': {
            'conditions': {'sensor': 'S2'},
            'order': ['band', 'date'],
        },
    }


def spread(count: int) -> list[str]:
    """Return so many values of cloud that there are, over all its range."""
    from django_large_image.catalog import keys
    from django_large_image.catalog.models import Dataset

    there = Dataset.objects.filter(key_3=BANDS[0]).order_by('key_2').values_list('key_2', flat=True)
    return [str(keys.decode('number', text)) for text in there[:: len(there) // count][:count]]


def mosaics() -> dict[str, tuple[str | tuple[str, ...], ...]]:
    """Return selections whose bounds TileJSON and previews ask for."""
    return {'a band': ('*', '*', '*', 'B05'), 'three bands': ('*', '*', '*', tuple(BANDS[:3]))}


def rows(count: int) -> Iterator[Any]:
    """Yield datasets of scenes spread over the world and eight years."""
    from django_large_image.catalog.api import Row

    chance = random.Random(1)  # noqa: S311
    for scene in range(count // len(BANDS)):
        day = date(2015, 1, 1) + timedelta(days=scene * 2500 // max(1, count // len(BANDS)))
        west, south = chance.uniform(-180, 180), chance.uniform(-60, 75)
        fields = {
            'west': west,
            'south': south,
            'east': west + chance.choice([1.1, 1.1, 2.0]),
            'north': south + 1,
            **MEASURED,
        }
        sensor = chance.choice(['S1', 'S1', 'S1', 'S2', 'S2', 'L8', 'L9'])
        cloud = round(chance.uniform(0, 100), 1) + scene / 1e6
        for band in BANDS:
            yield Row([sensor, day, cloud, band], f'/data/{scene}_{band}.tif', fields=fields)


def fill(count: int) -> None:
    """Make the catalogue; indexes of rows that are there already are made sooner."""
    from django.db import connection

    from django_large_image.catalog import api
    from django_large_image.catalog.models import Dataset

    api.create('scenes', KEYS)
    with connection.schema_editor() as editor:
        for index in Dataset._meta.indexes:
            editor.remove_index(Dataset, index)
    with tqdm(total=count, unit='dataset', unit_scale=True) as bar:

        def counted() -> Iterator[Any]:
            for row in rows(count):
                bar.update()
                yield row

        api.bulk_insert('scenes', counted())
    with connection.schema_editor() as editor:
        for index in Dataset._meta.indexes:
            editor.add_index(Dataset, index)
    if connection.vendor == 'postgresql':
        with connection.cursor() as cursor:
            cursor.execute('VACUUM ANALYZE')


def measure(repeats: int) -> dict[str, float]:
    """Return the median of each search, and how long the bounds of mosaics take."""
    from django_large_image import cache
    from django_large_image.catalog.mosaics import Selection
    from django_large_image.catalog.queries import search

    times = {}
    for name, arguments in tqdm(searches().items(), leave=False):
        order = arguments.pop('order', ())

        def page(arguments: Any = arguments, order: Any = order) -> Any:
            return search('scenes', **arguments).ordered(*order, ascending=False).rows()

        times[name] = timed(page, repeats)
    for mosaic, values in mosaics().items():
        selection = Selection('scenes', values)
        name = f'bounds of a mosaic of {mosaic}'
        cache.clear()
        times[f'{name}, at first'] = timed(partial(selection.bounds, selection.bands()), 1)
        times[f'{name}, again'] = timed(partial(bounds, selection), repeats)
    return times


def bounds(selection: Any) -> Any:
    """Return what TileJSON asks for."""
    return selection.bounds(selection.bands())


def timed(run: Callable[[], Any], repeats: int) -> float:
    """Return the median in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def show(found: dict[str, dict[str, float]]) -> None:
    """Print the table of docs/performance.md."""
    sys.stdout.write(f'| datasets of | {" | ".join(found)} |\n| --- |{" ---: |" * len(found)}\n')
    for name in next(iter(found.values()), {}):
        cells = ' | '.join(f'{times[name]:.2f}' for times in found.values())
        sys.stdout.write(f'| {name} | {cells} |\n')


@contextmanager
def sqlite() -> Iterator[None]:
    """Use a SQLite in a temporary folder."""
    from django.core.management import call_command
    from django.db import connection

    with tempfile.TemporaryDirectory() as folder:
        connection.close()
        connection.settings_dict['NAME'] = str(Path(folder) / 'catalog.sqlite3')
        call_command('migrate', 'large_image_catalog', verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute('PRAGMA synchronous = OFF')
        yield
        connection.close()


@contextmanager
def postgresql() -> Iterator[None]:
    """Use a PostgreSQL of the tests' own."""
    from tests.servers import databases, postgres

    with (
        postgres.running() as port,
        databases.migrated(port) as connection,
        databases.default(connection),
    ):
        yield


def main() -> None:
    """Measure on each kind of database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=1_000_000, help='datasets (%(default)s)')
    parser.add_argument('--repeats', type=int, default=21, help='(%(default)s)')
    kinds: dict[str, Callable[[], Any]] = {'SQLite': sqlite, 'PostgreSQL': postgresql}
    parser.add_argument('databases', nargs='*', default=list(kinds), help='(%(default)s)')
    options = parser.parse_args()
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.settings')
    django.setup()
    # None of the files is there.
    logging.disable(logging.WARNING)
    found = {}
    for name in options.databases:
        from django_large_image.catalog.schema import forget

        forget()
        try:
            with kinds[name]():
                fill(options.count)
                found[name] = measure(options.repeats)
        except RuntimeError as error:
            sys.stdout.write(f'{name}: {error}\n')
    show(found)


if __name__ == '__main__':
    main()
