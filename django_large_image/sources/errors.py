"""The errors of this package as large-image knows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from large_image.exceptions import TileSourceError, TileSourceXYZRangeError

from django_large_image.exceptions import LargeImageError, OutsideError


@contextmanager
def as_large_image() -> Iterator[None]:
    """Raise `TileSourceXYZRangeError` in place of `OutsideError`, and `TileSourceError`, which
    large-image catches to try another source, in place of any other error of ours.
    """
    try:
        yield
    except OutsideError as error:
        raise TileSourceXYZRangeError(error.detail) from error
    except LargeImageError as error:
        raise TileSourceError(error.detail) from error
