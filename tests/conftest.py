"""Fixtures that every test may use: a media root of its own, stored images, the shared rasters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files import File
from django.db import models

from django_large_image import metrics
from tests import factories
from tests.servers.fixtures import (  # noqa: F401
    azure,
    database,
    gcs,
    nginx,
    postgresql,
    s3_server,
    website,
)

DATA = Path(__file__).resolve().parents[2] / 'shared' / 'data'


@pytest.fixture(autouse=True)
def media_root(settings: Any, tmp_path: Path) -> Path:
    """An empty MEDIA_ROOT, so that no test sees the files of another."""
    settings.MEDIA_ROOT = tmp_path / 'media'
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def copies_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of local copies of the test's own, where it sets none."""
    folder = tmp_path / 'default-copies'
    monkeypatch.setattr('django_large_image.storage.shelf.default_folder', lambda: folder)
    return folder


@pytest.fixture
def at_zero() -> Iterator[None]:
    """The counters of this process, and those after the test, begin at 0."""
    metrics.reset()
    yield
    metrics.reset()


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """The folder of real rasters; a plain clone of the repository has none."""
    if not DATA.is_dir():
        pytest.skip(
            'The real rasters (../shared/data beside the repository) are not on this machine.'
        )
    return DATA


@pytest.fixture
def make_raster(tmp_path: Path) -> Callable[..., Path]:
    """`factories.raster` in the test's own folder: `make_raster(data, name='a.tif', **options)`."""

    def make(data: np.ndarray | None = None, *, name: str = 'image.tif', **kwargs: Any) -> Path:
        return factories.raster(tmp_path / name, data, **kwargs)

    return make


@pytest.fixture
def image_file(db: None, make_raster: Callable[..., Path]) -> Callable[..., models.Model]:
    """Store an image: `image_file()`, `image_file(path)`, `image_file(array, epsg=4326)`.

    `model` is one of `tests.testapp.models`, `fields` are its other values; the remaining keywords
    go to `factories.raster`. `image_file(empty=True)` leaves the file field empty.
    """

    def store(
        source: np.ndarray | Path | str | None = None,
        *,
        model: type[models.Model] | None = None,
        fields: dict[str, Any] | None = None,
        empty: bool = False,
        name: str = 'image.tif',
        **kwargs: Any,
    ) -> models.Model:
        from tests.testapp.models import ImageFile

        instance: Any = (model or ImageFile)(**{'name': name, **(fields or {})})
        if empty:
            instance.save()
            return instance
        path = Path(source) if isinstance(source, str | Path) else None
        path = path or make_raster(source, name=name, **kwargs)
        with path.open('rb') as content:
            instance.file.save(path.name, File(content), save=False)
        instance.save()
        return instance

    return store
