"""Files that are made when they are opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from django_large_image.exceptions import BusyError
from django_large_image.sources import provision
from django_large_image.sources.handles import HandlePool
from django_large_image.sources.opening import open_source
from django_large_image.sources.reference import ImageReference
from tests import factories


def test_a_file_is_made_whenever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, path = factories.raster(tmp_path / 'kept.tif'), tmp_path / 'made.tif'
    asked = []

    def make(asked_for: str) -> None:
        asked.append(asked_for)
        if asked_for == str(path) and not path.exists():
            shutil.copy(kept, path)

    monkeypatch.setattr(provision, '_providers', [])
    assert provision.provider(make) is make
    assert open_source(ImageReference(str(path), 'v')).sizeX == 256
    path.unlink()
    with HandlePool(str(path)).borrow() as dataset:
        assert dataset.RasterXSize == 256
    path.unlink()
    with HandlePool(f'GTIFF_DIR:1:{path}').borrow() as dataset:
        assert dataset.RasterXSize == 256
    assert set(asked) == {str(path)}


def test_what_cannot_be_made_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(path: str) -> None:
        raise BusyError

    monkeypatch.setattr(provision, '_providers', [busy])
    with pytest.raises(BusyError):
        open_source(ImageReference('/none.tif', 'v'))
