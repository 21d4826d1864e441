"""Classes of values and their colours."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_large_image.exceptions import StyleError
from django_large_image.pixels.categories import Categories

VALUES = np.array([[-1, 0, 1, 2, 3, 5, 5.5, 10, 11, 1e6, np.nan]])


def numbers(value: object) -> list[int]:
    """Return the categories of VALUES, 0 for none."""
    return Categories.parse(value).steps(VALUES)[0].tolist()


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        ({'1': 'ff0000', '5.5': '#00ff00'}, [0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0]),
        ('{"3": [1, 2, 3], "0": [4, 5, 6, 7]}', [0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        ({'[2, 5]': 'red', '[5,10]': 'blue'}, [0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 0]),
        ([[[0, 10], 'red'], [3, 'blue']], [0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]),
        ([[3, 'blue'], [[0, 10], 'red']], [0, 2, 2, 2, 1, 2, 2, 2, 0, 0, 0]),
        ([[[None, 0], 'red'], [[10, None], 'blue']], [1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 0]),
        ([[[None, None], 'red']], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
    ],
)
def test_a_value_is_of_the_first_category_that_holds_it(value, expected):
    assert numbers(value) == expected
    assert numbers(json.dumps(value) if not isinstance(value, str) else value) == expected


def test_colors_are_written_in_many_ways():
    categories = Categories.parse(
        [
            [1, 'ff8000'],
            [2, '#f80'],
            [3, 'ff800080'],
            [4, [255, 128, 0]],
            [5, [1, 2, 3, 4]],
            [6, 'red'],
        ]
    )
    assert [entry.color for entry in categories.entries] == [
        (255, 128, 0, 255),
        (255, 136, 0, 255),
        (255, 128, 0, 128),
        (255, 128, 0, 255),
        (1, 2, 3, 4),
        (255, 0, 0, 255),
    ]
    assert categories.colors.shape == (256, 4)
    assert categories.colors[0].tolist() == [0, 0, 0, 0]
    assert categories.colors[5].tolist() == [1, 2, 3, 4]


def test_described_categories_have_names():
    told = [
        {'value': 1, 'name': 'water', 'color': '#0000ff'},
        {'value': [2, None], 'color': [0, 255, 0]},
    ]
    categories = Categories.described(told)
    assert [entry.name for entry in categories.entries] == ['water', '']
    assert [entry.value for entry in categories.entries] == [1, [2, None]]
    assert categories.steps(np.array([1, 2, 300], np.uint16)).tolist() == [1, 2, 2]


@pytest.mark.parametrize('told', [None, {}, [1], [{}], [{'value': 1}], [{'color': 'red'}], []])
def test_described_categories_have_a_value_and_a_color(told):
    with pytest.raises(StyleError):
        Categories.described(told)


@pytest.mark.parametrize(
    'value',
    [
        '',
        '{',
        '[]',
        '{}',
        '"x"',
        '1',
        'null',
        '[' * 100_000,
        {'a': 'red'},
        {'1': 'nosuchcolor'},
        {'1': [1, 2]},
        {'1': [1, 2, 300]},
        {'1': [1, 2, True]},
        {'1': None},
        {'NaN': 'red'},
        {'[2,1]': 'red'},
        {'[1]': 'red'},
        {'[1,2,3]': 'red'},
        {'true': 'red'},
        {'"1"': 'red'},
        {'1e999': 'red'},
        {'9' * 5000: 'red'},
        [[1, 'red', 3]],
        [['1', 'red']],
        {str(number): 'red' for number in range(256)},
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_category_is_refused(value):
    with pytest.raises(StyleError) as raised:
        Categories.parse(value)
    assert len(raised.value.detail) < 300


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(['red', '1', '[1,2]']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(['1', '[1,2]', '[null,3]', 'x']), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_anything_is_categories_or_an_error(value):
    try:
        categories = Categories.parse(value)
    except StyleError:
        return
    assert categories.steps(VALUES).max() <= len(categories.entries)
