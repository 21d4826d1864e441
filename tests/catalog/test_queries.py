"""Searches, on each kind of database, against the same search in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, keys, queries
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.queries import find, find_together, search
from django_large_image.catalog.schema import schema_of
from django_large_image.catalog.terms import Between, used
from django_large_image.exceptions import MissingError, ParameterError
from tests.catalog.test_footprints import meets
from tests.servers import databases

SENSORS, BANDS = ['L8', 'S1', 'S2'], [f'B{number:02}' for number in range(5)]
Known = dict[str, Any]


def box(random_: random.Random) -> tuple[float, float, float, float]:
    """A box of some size, over the antimeridian at times."""
    west, south = random_.uniform(-180, 180), random_.uniform(-90, 80)
    return (
        west,
        south,
        west + random_.choice([0.1, 1, 5, 40]),
        min(90, south + random_.choice([0.1, 1, 5])),
    )


@pytest.fixture
def scenes(database: str) -> list[Known]:
    """What is in the catalogue `scenes`, and in another one with the same keys."""
    random_ = random.Random(1)
    known: list[Known] = []
    for slug in ('scenes', 'others'):
        api.create(slug, ['sensor', 'date:date', 'cloud:number', 'band'])
        rows = []
        for scene in range(60):
            west, south, east, north = box(random_)
            bounds = {'west': west, 'south': south, 'east': east, 'north': north}
            values = {
                'sensor': random_.choice(SENSORS),
                'date': f'2024-{scene % 12 + 1:02}-{scene % 28 + 1:02}',
                'cloud': random_.choice([-1, 0, 2.5, 10, 100]) + scene / 1000 if scene else 7,
            }
            for band in BANDS:
                one = {**values, 'band': band}
                # Some are not measured.
                rows.append(api.Row(one, '/a.tif', fields=bounds if scene % 10 else {}))
                if slug == 'scenes':
                    known.append({**one, 'bounds': tuple(bounds.values()) if scene % 10 else None})
        assert api.bulk_insert(slug, rows) == 300
    return known


def shown(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The values of rows."""
    schema = schema_of('scenes')
    return [tuple(schema.shown(row).values()) for row in rows]


def expected(scenes: list[Known], test: Callable[[Known], bool]) -> set[tuple[str, ...]]:
    """The values of what meets a condition."""
    return {
        (one['sensor'], one['date'], str(one['cloud']), one['band']) for one in scenes if test(one)
    }


SEARCHES: list[tuple[dict[str, Any], Callable[[Known], bool]]] = [
    ({}, lambda one: True),
    ({'sensor': 'S2'}, lambda one: one['sensor'] == 'S2'),
    ({'band': 'B03'}, lambda one: one['band'] == 'B03'),
    ({'band': ['B03', 'B01', 'B03']}, lambda one: one['band'] in ('B01', 'B03')),
    ({'band': 'B99'}, lambda one: False),
    (
        {'date': [f'2024-02-{day:02}' for day in range(1, 29)]},
        lambda one: one['date'][5:7] == '02',
    ),
    (
        # The least, the greatest, and some between.
        {'cloud': [-0.943, 7, *(100 + scene / 1000 for scene in range(60)), 2.517]},
        lambda one: one['cloud'] in (-0.943, 7, 2.517) or one['cloud'] >= 100,
    ),
    ({'cloud': '10.009'}, lambda one: one['cloud'] == 10.009),
    ({'cloud': Between(None, 2.5)}, lambda one: one['cloud'] <= 2.5),
    ({'cloud': Between(-0.5)}, lambda one: one['cloud'] >= -0.5),
    ({'cloud': Between()}, lambda one: True),
    (
        {'date': Between('2024-03-05', '20240601')},
        lambda one: '03-05' <= one['date'][5:] <= '06-01',
    ),
    (
        {'date': Between('2024-01-01', '2024-02-02', after=True, before=True)},
        lambda one: '01-01' < one['date'][5:] < '02-02',
    ),
    (
        {'sensor': 'S1', 'band': 'B02'},
        lambda one: (one['sensor'], one['band']) == ('S1', 'B02'),
    ),
    (
        {'date': '2024-01-01', 'band': 'B02', 'sensor': SENSORS},
        lambda one: (one['date'], one['band']) == ('2024-01-01', 'B02'),
    ),
    (
        {'band': ['B02', 'B04'], 'cloud': Between(0, 11), 'sensor': ['S1', 'L8']},
        lambda one: (
            one['band'] in ('B02', 'B04') and 0 <= one['cloud'] <= 11 and one['sensor'] != 'S2'
        ),
    ),
]
BOXES = [
    None,
    (-180, -90, 180, 90),
    (-30, 0, 60, 70),
    (170, -90, -170, 90),
]


def turned(place: Any) -> Any:
    """A box as that of a dataset is written."""
    west, south, east, north = place
    return west, south, east + 360 * (west > east), north


@pytest.mark.parametrize('many', [20, 16_000])
def test_searches(scenes: list[Known], many: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, '_MANY', many)
    for (conditions, test), place in product(SEARCHES, BOXES):

        def fits(one: Known, test: Any = test, place: Any = place) -> bool:
            inside = one['bounds'] is not None and place and meets(one['bounds'], turned(place))
            return bool(test(one) and (place is None or inside))

        wanted = expected(scenes, fits)
        found = search('scenes', conditions, bbox=place)
        rows = found.rows(0, 1000)
        assert len(rows) == len(wanted)
        assert set(shown(rows)) == wanted
        assert found.total() == len(wanted)
        # Page by page it is the same.
        assert [row for page in range(2) for row in found.rows(page, 150)] == rows
        assert {dataset.pk for dataset in found.select()} == {row['pk'] for row in rows}


@pytest.mark.parametrize('rare', [0, 0.5, 2])
def test_bounds_are_those_of_all(scenes: list[Known], rare: float, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, '_RARE', rare)
    for conditions, test in SEARCHES:
        within = [one['bounds'] for one in scenes if one['bounds'] and test(one)]
        sides = list(zip(*within, strict=True))
        wanted = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])) if sides else None
        with CaptureQueriesContext(connection) as asked:
            assert search('scenes', conditions).ordered('date').bounds() == wanted
        assert sum('MIN(' in one['sql'] for one in asked) == 1


@pytest.mark.parametrize('many', [0, 20])
def test_order(scenes: list[Known], many: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, '_MANY', many)

    def order(row: tuple[str, ...]) -> Any:
        sensor, date, cloud, band = row
        return date, sensor, float(cloud), band

    for (conditions, _), place, ascending in product(SEARCHES[::2], BOXES[::2], (True, False)):
        found = search('scenes', conditions, bbox=place)
        everything = shown(found.rows(0, 1000))
        ordered = found.ordered('date', ascending=ascending)
        rows = shown(ordered.rows(0, 1000))
        assert rows == sorted(everything, key=order, reverse=not ascending)
        assert shown(ordered.rows(1, 7)) == rows[7:14]


SENSOR, BAND, TIME = {'sensor': 'L8'}, {'band': 'B03'}, Between('2024-03-01')
EAST = (0, -90, 180, 90)
CLOUDS = {'cloud': [number + 0.5 for number in range(100)]}
PLANS: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    # Each value of a list is looked up, and nothing sorted.
    ({'conditions': CLOUDS}, (), 'key_2 (catalog_id=? AND key_2=?)'),
    ({'conditions': {**CLOUDS, **BAND}}, (), 'key_2 (catalog_id=? AND key_2=?)'),
    # The terms that follow in an index are looked up along with the first.
    (
        {'conditions': SENSOR, 'time': TIME, 'bbox': EAST},
        (),
        '_1 (catalog_id=? AND key_0=? AND key_1>?)',
    ),
    (
        {'conditions': {**SENSOR, **BAND}, 'time': TIME},
        (),
        'key_3 (catalog_id=? AND key_3=? AND key_0=? AND key_1>?)',
    ),
    # Along the order, as there are many.
    ({'conditions': BAND}, ('date',), 'key_1 (catalog_id=?)'),
    ({'conditions': BAND, 'bbox': EAST}, ('date',), 'key_1 (catalog_id=?)'),
]


@pytest.mark.django_db
@pytest.mark.parametrize(('arguments', 'order', 'plan'), PLANS)
def test_sqlite_reads_no_more_than_it_must(
    arguments: Any, order: Any, plan: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queries, '_MANY', 500)
    api.create('scenes', ['sensor', 'date:date', 'cloud:number', 'band'])
    bounds = {'west': 1.0, 'south': 2.0, 'east': 3.0, 'north': 4.0}
    rows = [
        api.Row([SENSORS[n % 3], f'2024-{n % 12 + 1:02}-01', n, band], '/a.tif', fields=bounds)
        for n in range(600)
        for band in BANDS
    ]
    api.bulk_insert('scenes', rows)
    page = search('scenes', **arguments).ordered(*order, ascending=False).page(0, 10)
    with connection.cursor() as cursor:
        cursor.execute(f'EXPLAIN QUERY PLAN {page.sql}', page.values)
        read, *others = [row[-1] for row in cursor.fetchall()]
    assert read.endswith(plan)
    assert not any('TEMP B-TREE FOR ORDER' in other for other in others)


def test_postgresql_reads_no_rows_for_a_box(postgresql: Any, db: None) -> None:
    with databases.default(postgresql), databases.undone():
        api.create('scenes', ['sensor', 'date:date', 'cloud:number', 'band'])
        found = search('scenes', BAND, bbox=EAST).ordered('date', ascending=False)
        others = found._others(None).filter(used('key_1')).order_by('-key_1').values('id', 'key_1')
        with connection.cursor() as cursor:
            cursor.execute('SET LOCAL enable_seqscan = off')
            cursor.execute('SET LOCAL enable_sort = off')
        plan = others[:10].explain()
    # Nor a bitmap of each range of cells; rows that all else has left, by their primary key.
    assert '(cell + 0)' in plan
    assert 'Index Only Scan Backward using li_dataset_key_1' in plan
    assert 'pkey' in plan.partition('SubPlan')[2]


def test_datasets_come_in_the_order_of_the_searched_key(scenes: list[Known]) -> None:
    assert shown(search('scenes').rows(0, 1000)) == sorted(
        expected(scenes, lambda one: True), key=lambda row: (*row[:2], float(row[2]), row[3])
    )
    clouds = [float(row[2]) for row in shown(search('scenes', {'cloud': Between(0)}).rows(0, 1000))]
    assert clouds == sorted(clouds)


def test_a_page_of_objects(scenes: list[Known]) -> None:
    found = search('scenes', {'band': 'B01'})
    objects = found.datasets(1, 10)
    assert [one.pk for one in objects] == [row['pk'] for row in found.rows(1, 10)]
    assert all(isinstance(one, Dataset) and one.key_3 == 'B01' for one in objects)


def test_time_is_a_range_of_the_dates(scenes: list[Known]) -> None:
    rows = shown(search('scenes', time=Between('2024-12-01')).rows(0, 1000))
    assert set(rows) == expected(scenes, lambda one: one['date'] >= '2024-12')


def test_points_in_time_belong_to_their_day(database: str) -> None:
    api.create('times', ['when:date'])
    times = ['2024-05-30T23:59:59.999999Z', '2024-05-31', '2024-05-31T00:00Z', '2024-06-01T00:00Z']
    api.bulk_insert('times', [api.Row([time], '/a.tif') for time in times])

    def found(between: Between) -> list[str]:
        return [row['key_0'][:13] for row in search('times', time=between).rows()]

    assert found(Between('2024-05-31', '2024-05-31')) == ['2024-05-31', '2024-05-31T00']
    assert found(Between('2024-05-31', after=True)) == ['2024-06-01T00']
    assert found(Between(None, '2024-05-31', before=True)) == ['2024-05-30T23']


def test_texts_are_compared_character_by_character(database: str) -> None:
    api.create('words', ['word'])
    words = ['a b', 'a-b', 'aB', 'ab', 'B', 'é', 'Z', '10', '9', 'a', 'A']
    api.bulk_insert('words', [api.Row([word], '/a.tif') for word in words])
    assert [row['key_0'] for row in search('words').rows()] == sorted(words)
    found = [row['key_0'] for row in search('words', {'word': Between('A', 'a')}).rows()]
    assert found == ['A', 'B', 'Z', 'a']


@pytest.mark.parametrize(
    'arguments',
    [
        {'conditions': {'colour': 'red'}},
        {'conditions': {'date': 'yesterday'}},
        {'conditions': {'band': []}},
        {'conditions': {'band': [f'B{number}' for number in range(101)]}},
        {'bbox': (1, 2, 3)},
        {'bbox': ('a', 2, 3, 4)},
        {'bbox': (0, 50, 10, 40)},
        {'bbox': (0, -91, 10, 40)},
        {'bbox': (float('nan'), 0, 1, 1)},
        {'bbox': (float('-inf'), 0, float('inf'), 1)},
        {'bbox': (-360, 0, 540, 1)},
        {'time': Between('soon')},
    ],
)
def test_searches_that_make_no_sense(scenes: list[Known], arguments: Any) -> None:
    with pytest.raises(ParameterError):
        search('scenes', **arguments).rows()


def test_unknown_names(database: str) -> None:
    with pytest.raises(MissingError):
        search('nowhere')
    api.create('undated', ['name'])
    with pytest.raises(ParameterError, match='no key of dates'):
        search('undated', time=Between('2024-01-01'))
    with pytest.raises(ParameterError, match='no key of this catalogue'):
        search('undated').ordered('date')


def values(scenes: list[Known], index: int) -> list[Any]:
    """The values of one of the known datasets."""
    return [scenes[index][name] for name in ('sensor', 'date', 'cloud', 'band')]


def test_the_datasets_of_a_tile_are_one_query(scenes: list[Known]) -> None:
    sensor, date, cloud, _ = values(scenes, 7)
    bands = ['B04', 'B00', 'B02', 'B04']
    find('scenes', [sensor, date, cloud, 'B00'])
    with CaptureQueriesContext(connection) as asked:
        (one,) = find('scenes', [sensor, date, str(cloud), 'B01'])
        several = find('scenes', [sensor, date, cloud, bands])
    assert len(asked) == 2
    assert one.key_3 == 'B01'
    assert [dataset.key_3 for dataset in several] == bands
    assert {dataset.key_1 for dataset in several} == {date}


def test_several_datasets_are_one_query(scenes: list[Known]) -> None:
    wanted = [values(scenes, index) for index in (200, 3, 77, 3)]
    schema_of('scenes')
    with CaptureQueriesContext(connection) as asked:
        found = find_together('scenes', wanted)
    assert len(asked) == 1
    shown_ = [tuple(schema_of('scenes').shown(one).values()) for one in found]
    assert shown_ == [tuple(map(str, one)) for one in wanted]
    assert find_together('scenes', []) == []


@pytest.mark.parametrize(
    ('wanted', 'error'),
    [
        (['S2', '2024-01-01', 1], ParameterError),
        (['S2', '2024-01-01', 1, 'B01', 'x'], ParameterError),
        (['S2', '2024-01-01', 'one', 'B01'], ParameterError),
        (['S2', '2024-01-01', 1, 'B77'], MissingError),
        (['S2', '2024-01-01', [1, 2], ['B01']], ParameterError),
    ],
)
def test_datasets_that_are_not_there(scenes: list[Known], wanted: Any, error: Any) -> None:
    with pytest.raises(error):
        find('scenes', wanted)
    with pytest.raises(error):
        find_together('scenes', [values(scenes, 0), wanted])
    with pytest.raises(MissingError):
        find('nowhere', wanted)


def test_no_more_than_a_hundred_together(scenes: list[Known]) -> None:
    with pytest.raises(ParameterError, match='100'):
        find_together('scenes', [values(scenes, 0)] * 101)


def test_a_catalogue_that_another_process_has_changed(database: str) -> None:
    api.create('changing', ['name'])
    api.bulk_insert('changing', [api.Row(['a'], '/a.tif')])
    assert find('changing', ['a'])
    # Without a signal, as if elsewhere.
    api.Key.objects.filter(name='name').update(kind='number')
    Dataset.objects.update(key_0=keys.encode('number', 1))
    assert find('changing', ['1'])
