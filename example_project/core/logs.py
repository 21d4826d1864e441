"""The sample log: the wall of a borehole as an imaging tool sees it, made up of beds and cracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

NAME = 'A borehole in layered sandstone'
FILENAME = 'borehole.csv'
# From dark shale to bright sandstone, as logs of resistivity are shown.
COLORS = ('core', [[0, '#1b0c03'], [0.4, '#8a4513'], [0.75, '#e8aa42'], [1, '#fff6d5']])
TOP, STEP, ROWS, COLUMNS = 2150.0, 0.02, 4000, 180
# Of each quarter of the wall the tool's pad leaves out so many columns.
GAP = 6


def write(path: Path) -> None:
    """Write the log as CSV: a depth in metres and 180 values round the wall, 2 degrees each."""
    random = np.random.default_rng(2150)
    depths = TOP + STEP * np.arange(ROWS)
    around = np.linspace(0, 2 * np.pi, COLUMNS, endpoint=False)
    # A plane that dips is a sine round the wall.
    dip = np.interp(depths, [2150, 2180, 2195, 2230], [0.15, 0.3, 0.9, 0.4])
    stratum = depths[:, np.newaxis] + dip[:, np.newaxis] * np.sin(around + 1)
    values = 900 + layers(stratum, random) + 25 * random.normal(size=stratum.shape)
    for _ in range(28):
        middle, tilt, phase = (
            random.uniform(2151, 2229),
            random.gamma(2, 0.5),
            random.uniform(0, 6.3),
        )
        aperture, depth = random.uniform(0.01, 0.06), random.uniform(150, 500)
        distance = depths[:, np.newaxis] - middle - tilt * np.sin(around + phase)
        values -= depth * np.exp(-((distance / aperture) ** 2))
    values = np.clip(values, 20, 2000)
    values[:, np.arange(COLUMNS) % (COLUMNS // 4) < GAP] = np.nan
    header = 'depth,' + ','.join(f'{round(np.degrees(angle))}' for angle in around)
    table = np.column_stack([depths, values])
    lines = (
        f'{row[0]:.2f},' + ','.join('' if v != v else f'{v:.0f}' for v in row[1:]) for row in table
    )
    path.write_text('\n'.join([header, *lines, '']))


def layers(stratum: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return what beds, and the laminae within them, add at places of the strata."""
    edges = TOP - 5 + np.cumsum(random.gamma(1.5, 0.6, 200))
    beds = random.normal(0, 260, len(edges) + 1)[np.searchsorted(edges, stratum)]
    return beds + 60 * np.sin(2 * np.pi * stratum / 0.31) + 40 * np.sin(2 * np.pi * stratum / 0.11)
