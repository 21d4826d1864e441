"""Catalogues that no test knows of another, and a folder of rasters that they may name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from django_large_image import cache
from django_large_image.catalog import boxes, contention, estimates, schema
from tests.catalog.committed import committed, in_file  # noqa: F401


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    """No test knows the keys of another's catalogues, nor which datasets there were, nor where."""
    cache.clear()
    schema.forget()
    estimates.forget()
    boxes.forget()
    contention.forget()
    yield
    schema.forget()


@pytest.fixture
def roots(settings: Any, tmp_path: Path) -> Path:
    """A folder whose files catalogues may name."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path)]}
    return tmp_path
