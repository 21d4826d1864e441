"""Records: what file processors make of a file, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import ParameterError


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Some records of a file, in its order.

    `depths` float64 (n) are NaN where a record has none, `values` float32 (n, columns) where one is
    missing. `places` int64 (n) says where the records are: the line of a text, the row of an array,
    from 1; the depth is column 1, the first value column 2. `unit` is the name of such a place.
    """

    depths: NDArray[np.float64]
    values: NDArray[np.float32]
    places: NDArray[np.int64]
    unit: str = 'line'

    def fault(self, record: int, column: int, what: str) -> ParameterError:
        """Return the error of one of these records."""
        return fault(int(self.places[record]), column, what, self.unit)


def fault(place: int, column: int, what: str, unit: str = 'line') -> ParameterError:
    """Return the error of a place in a file."""
    return ParameterError(f'{unit.capitalize()} {place}, column {column}: {what}')


def narrow(table: NDArray[Any]) -> NDArray[np.float32]:
    """Return values as float32; what is too large for it becomes infinite."""
    with np.errstate(over='ignore'):
        return table.astype(np.float32)
