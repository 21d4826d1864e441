"""How long a search takes among a million datasets: `python -m benchmarks.catalog`.

The catalogue is made in a temporary folder, in SQLite, and in a PostgreSQL of the tests' own where
that is installed; 100,000 scenes of ten bands. Times are medians in milliseconds, in process, from
the search to the values of its first page of 100.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
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
    clear, middle = Between(None, 5), Between(50, 52)
    return {
        'no filter': {},
        'key: first': {'conditions': {'sensor': 'S1'}},
        'key: last': {'conditions': {'band': 'B03'}},
        'key: rare': {'conditions': {'date': '2016-01-01'}},
        'list: 3 of 10': {'conditions': {'band': BANDS[3:6]}},
        'list: 28 days': {'conditions': {'date': [f'2016-01-{day:02}' for day in range(1, 29)]}},
        'range: number': {'conditions': {'cloud': clear}},
        'range: time': {'time': years},
        'bbox: town': {'bbox': TOWN},
        'bbox: Alps': {'bbox': ALPS},
        'bbox: Europe': {'bbox': EUROPE},
        'bbox: world': {'bbox': (-180, -90, 180, 90)},
        'bbox: antimeridian': {'bbox': (170, -10, -170, 10)},
        'key + key': {'conditions': {'sensor': 'S1', 'band': 'B03'}},
        'key + key: nothing': {'conditions': {'sensor': 'S1', 'band': 'B99'}},
        'key + day': {'conditions': {'date': '2020-05-05', 'band': 'B02'}},
        'range + range': {'conditions': {'cloud': Between(50, 51)}, 'time': years},
        'key + range + month': {'conditions': {'sensor': 'S1', 'cloud': middle}, 'time': month},
        'key + time + town': {'conditions': {'sensor': 'S2'}, 'time': years, 'bbox': TOWN},
        'key + time + Europe': {'conditions': {'sensor': 'S2'}, 'time': years, 'bbox': EUROPE},
        'key + month + Europe': {'conditions': {'band': 'B05'}, 'time': month, 'bbox': EUROPE},
        'key + range + Alps': {'conditions': {'band': 'B05', 'cloud': clear}, 'bbox': ALPS},
        'everything': {
            'conditions': {'sensor': ['S1', 'S2'], 'band': ['B05', 'B06'], 'cloud': clear},
            'time': years,
            'bbox': ALPS,
        },
        'latest: key': {'conditions': {'band': 'B05'}, 'order': ['date']},
        'latest: town': {'bbox': TOWN, 'order': ['date']},
        'latest: key + Europe': {'conditions': {'band': 'B05'}, 'bbox': EUROPE, 'order': ['date']},
    }


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


def measure(repeats: int) -> None:
    """Print the median of each search."""
    from django_large_image.catalog.queries import search

    for name, arguments in searches().items():
        times, found = [], []
        order = arguments.pop('order', ())
        for _ in range(repeats):
            start = time.perf_counter()
            found = search('scenes', **arguments).ordered(*order, ascending=False).rows()
            times.append(1000 * (time.perf_counter() - start))
        sys.stdout.write(f'{name:24}{statistics.median(times):8.2f} ms{len(found):6} datasets\n')
        sys.stdout.flush()


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
    kinds: dict[str, Callable[[], Any]] = {'sqlite': sqlite, 'postgresql': postgresql}
    parser.add_argument('databases', nargs='*', default=list(kinds), help='(%(default)s)')
    options = parser.parse_args()
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.settings')
    django.setup()
    for name in options.databases:
        from django_large_image.catalog.schema import forget

        forget()
        try:
            with kinds[name]():
                fill(options.count)
                sys.stdout.write(f'\n{name}, {options.count:,} datasets\n')
                measure(options.repeats)
        except RuntimeError as error:
            sys.stdout.write(f'{name}: {error}\n')


if __name__ == '__main__':
    main()
