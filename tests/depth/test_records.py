"""Records, and the errors of their places."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.depth.records import Records, fault, narrow


def test_an_error_names_the_place() -> None:
    records = Records(np.zeros(2), np.zeros((2, 3), 'f4'), np.array([7, 9]))
    assert records.fault(1, 3, 'it is wrong.').detail == 'Line 9, column 3: it is wrong.'
    assert fault(1, 2, 'it is wrong.', 'row').detail == 'Row 1, column 2: it is wrong.'


@pytest.mark.parametrize('value', [0.1, -1e-40, 3e38, 1e39, -1e300, np.nan, np.inf])
def test_values_are_rounded_to_32_bits(value: float) -> None:
    (found,) = narrow(np.array([value]))
    with np.errstate(over='ignore'):
        expected = np.float32(value)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.dtype('f4')
