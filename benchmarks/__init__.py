"""`make bench`: this package and its peers serve the same tiles of the same rasters, in turn."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# Everything that a run makes, but for the table in results.md.
VAR = HERE / 'var'
RASTERS = VAR / 'rasters'
RESULTS = VAR / 'results'
WORKERS = 2
CONNECTIONS = 8
