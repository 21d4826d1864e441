"""File processors: which class reads the records of which files, by the suffix of their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO, Protocol

from django_large_image.depth.arrays import Arrays
from django_large_image.depth.delimited import Delimited
from django_large_image.depth.records import Records
from django_large_image.exceptions import ParameterError


class Processor(Protocol):
    """Reads the records of files of one format."""

    def records(self, file: BinaryIO) -> Iterator[Records]:
        """Yield records, some at a time, of an open file that can seek, whose position is any.

        Raises `ParameterError` that says where the file is wrong. Depths and values that no image
        can have (infinite ones, depths that are there twice) need no notice here.
        """
        ...


PROCESSORS: dict[str, Processor] = {
    '.csv': Delimited(',', 'commas'),
    '.tsv': Delimited('\t', 'tabs'),
    '.npy': Arrays(),
}


def register(suffix: str, processor: Processor) -> None:
    """Read files whose names end so (in any case, `.las`) by a processor."""
    PROCESSORS[suffix.lower()] = processor


def find(name: str) -> Processor:
    """Return the processor of a file's name; raises `ParameterError` where there is none."""
    suffix = PurePath(name).suffix.lower()
    try:
        return PROCESSORS[suffix]
    except KeyError:
        known = ', '.join(PROCESSORS)
        raise ParameterError(
            f'Files {suffix or "without a suffix"} are not read: {known}.'
        ) from None
