"""NumPy's files against the arrays that were saved."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest

from django_large_image.depth import arrays
from django_large_image.depth.arrays import Arrays
from django_large_image.exceptions import ParameterError
from tests.depth import factories
from tests.depth.factories import npy

TABLE = np.column_stack([1000 + np.arange(50) / 3, factories.numbers(50, 4)])


def parsed(file: factories.Named) -> np.ndarray:
    """Return all numbers of a file in float64."""
    found = list(Arrays().records(file))
    places = np.concatenate([records.places for records in found])
    assert places.tolist() == list(range(1, len(places) + 1))
    assert {records.unit for records in found} == {'row'}
    return np.concatenate([np.column_stack([records.depths, records.values]) for records in found])


@pytest.mark.parametrize('block', [1, 100, 1 << 20])
@pytest.mark.parametrize('order', ['C', 'F'])
@pytest.mark.parametrize('dtype', ['<f8', '>f8', 'f4', 'f2', 'i2', '>u4', 'u1', '?'])
def test_arrays_come_back(
    dtype: str, order: Any, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, '_BLOCK', block)
    table = np.asarray(TABLE % 200, dtype, order=order)
    found = parsed(npy(table))
    assert np.array_equal(found[:, 0], table[:, 0].astype('f8'))
    assert np.array_equal(found[:, 1:], table[:, 1:].astype('f4'))


def test_version_2_of_the_format() -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, TABLE, version=(2, 0))
    assert np.array_equal(parsed(factories.Named(file.getvalue())), TABLE)


@pytest.mark.parametrize(
    ('order', 'keep', 'place'),
    [
        ('C', 0.5, 'Row 26, column 1'),
        ('C', 0.99, 'Row 50, column 3'),
        ('F', 0.5, 'Row 26, column 3'),
    ],
)
def test_a_file_that_ends_early(order: Any, keep: float, place: str) -> None:
    content = npy(np.asarray(TABLE, order=order)).getvalue()
    there = len(content) - int(TABLE.nbytes * (1 - keep))
    with pytest.raises(ParameterError) as caught:
        parsed(factories.Named(content[:there]))
    assert caught.value.detail == f'{place}: the file ends here.'


@pytest.mark.parametrize(
    ('array', 'says'),
    [
        (np.zeros(5), 'its shape is 5, not'),
        (np.zeros((5, 1)), 'its shape is 5 x 1, not'),
        (np.zeros((5, 2, 2)), 'its shape is 5 x 2 x 2, not'),
        (np.zeros((5, 2), complex), 'its type is complex128, not'),
        (np.array([['1', '2']]), 'its type is str32, not'),
        (np.array([[{}, 2]], object), 'its type is object, not'),
        (np.zeros((5, 2), 'm8[s]'), r'its type is timedelta64\[s\], not'),
    ],
)
def test_other_arrays_are_refused(array: np.ndarray, says: str) -> None:
    with pytest.raises(ParameterError, match=f'^Row 1, column 1: {says}'):
        parsed(npy(array))


@pytest.mark.parametrize('shape', ['(1000000000000, 3)', '(3, 1000000000000)', f'({"9" * 99}, 3)'])
def test_a_shape_that_no_file_has_takes_no_memory(shape: str) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".ljust(253) + '\n'
    content = (
        b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode() + b'12345678'
    )
    with pytest.raises(ParameterError, match=r'^Row 1, column (2: the file ends|1: its shape is)'):
        parsed(factories.Named(content))


def test_damaged_headers_are_refused() -> None:
    content, choose = npy(TABLE).getvalue(), random.Random(7)
    refused = []
    for _ in range(1500):
        broken = bytearray(content)
        for _ in range(choose.randint(1, 3)):
            broken[choose.randrange(128)] = choose.choice(b'(){}[],:\'"0129 \n\\#fFTu<>\x00\xff')
        try:
            list(Arrays().records(factories.Named(bytes(broken[: choose.randrange(1, 2000)]))))
        except ParameterError as error:
            refused.append(error.detail)
    assert len(refused) > 1000
    assert all(said.startswith('Row ') for said in refused)
