"""The real log beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope='session')
def borehole(data_dir: Path) -> Path:
    """A log of 5460 records of 200 columns, and an empty one."""
    return data_dir / 'depth' / 'borehole.csv'


@pytest.fixture(scope='session')
def measured(borehole: Path) -> np.ndarray:
    """Its values (5460, 200) float32, as numpy reads them."""
    return np.genfromtxt(borehole, delimiter=',', skip_header=1, skip_footer=1)[:, 1:].astype('f4')
