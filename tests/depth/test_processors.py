"""Which processor reads a file, and how one is added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pytest

from django_large_image.depth import loading, processors
from django_large_image.depth.arrays import Arrays
from django_large_image.depth.delimited import Delimited
from django_large_image.depth.records import Records
from django_large_image.exceptions import ParameterError
from tests.depth import factories


class Fixed:
    """A format of the test's own: bytes in lines, the first one the depth."""

    def records(self, file: BinaryIO) -> Iterator[Records]:
        file.seek(0)
        table = np.frombuffer(file.read(), np.uint8).reshape(-1, 4)
        places = np.arange(1, len(table) + 1)
        yield Records(table[:, 0].astype('f8'), table[:, 1:].astype('f4'), places, 'frame')


@pytest.mark.parametrize(
    ('name', 'kind'),
    [('a.csv', Delimited), ('/x/b.c.TSV', Delimited), ('log.npy', Arrays), ('ü.CsV', Delimited)],
)
def test_the_suffix_says_which(name: str, kind: type) -> None:
    assert isinstance(processors.find(name), kind)


@pytest.mark.parametrize('name', ['log.las', 'log', '.csv', '', 'csv', 'log.csv.gz'])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match=r'are not read: \.csv, \.tsv, \.npy\.'):
        processors.find(name)


def test_another_one_is_a_class_and_a_registration(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, 'PROCESSORS', dict(processors.PROCESSORS))
    processors.register('.FIX', Fixed())
    image = loading.load(factories.Named(bytes([9, 1, 2, 3, 8, 4, 5, 6]), 'a.fix'), width=3)
    assert (image.depth_min, image.depth_max, image.mean) == (8, 9, 3.5)
    with pytest.raises(ParameterError, match=r'^Frame 2, column 1: the depth 9\.0 is that of fra'):
        loading.load(factories.Named(bytes([9, 1, 2, 3, 9, 4, 5, 6]), 'a.fix'))
