"""Rows that wait in a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from django_large_image.depth.spool import spool
from tests.depth import factories


def test_rows_come_back_in_any_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    values = factories.numbers(100, 3)
    with spool(3) as rows:
        assert rows.depths().tolist() == []
        rows.add(np.arange(60.0), values[:60])
        assert np.array_equal(rows.values(np.array([59, 0])), values[[59, 0]])
        # By columns in memory; by rows in the file.
        rows.add(np.arange(60.0, 100), np.asfortranarray(values[60:]))
        chosen = np.array([99, 3, 3, 60])
        assert np.array_equal(rows.values(chosen), values[chosen])
        assert np.array_equal(rows.depths(), np.arange(100))
    assert list(tmp_path.iterdir()) == []
