"""Paths in, references out."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.paths import local_reference, path_reference


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'scan.tif'
    path.write_bytes(b'12345')
    return path


def test_a_reference_is_a_value(file: Path) -> None:
    reference = local_reference(file)
    assert reference == local_reference(str(file))
    assert hash(reference) == hash(pickle.loads(pickle.dumps(reference)))
    assert reference.name == 'scan.tif'
    assert os.fspath(reference) == str(reference) == str(file)


def test_the_version_changes_with_the_bytes(file: Path) -> None:
    versions = {local_reference(file).version}
    file.write_bytes(b'123456')
    versions.add(local_reference(file).version)
    os.utime(file, ns=(1, 1))
    versions.add(local_reference(file).version)
    stat = file.stat()
    other = file.with_name('other.tif')
    other.write_bytes(b'654321')
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(other, file)
    versions.add(local_reference(file).version)
    assert len(versions) == 4


@pytest.mark.parametrize('kind', [str, Path, local_reference])
def test_what_hooks_may_give(kind: Any, file: Path) -> None:
    assert path_reference(kind(file)) == local_reference(file)


def test_a_virtual_path_has_no_version_yet() -> None:
    reference = path_reference('/vsimem/a/scan.tif')
    assert reference == ImageReference('/vsimem/a/scan.tif', '', 'scan.tif')


@pytest.mark.parametrize(
    'path',
    [
        *('https://example.org/a.tif', 's3://bucket/a.tif', 'file:///etc/passwd', 'ftp://x/a.tif'),
        *('/vsicurl/https://example.org/a.tif', '/vsicurl/file:///etc/passwd', '/vsis3/bucket/a'),
        '/vsicurl?max_retry=1&url=https%3A%2F%2Fexample.org%2Fa.tif',
        *('/vsizip//vsicurl/https://example.org/a.zip/a.tif', '/vsizip/{/vsis3/bucket/a.zip}/a'),
        *('/vsicurl_streaming/https://example.org/a.tif', '/vsiranges/0/example.org/a.tif'),
    ],
)
def test_what_leads_to_the_network_has_to_be_allowed(path: str) -> None:
    with pytest.raises(UnreadableError, match=r'not (allowed|valid)'):
        path_reference(path)


@pytest.mark.parametrize('path', ['/nowhere/at/all.tif', '/tmp', 'a\0b', ''])
def test_what_is_no_file_is_missing(path: str) -> None:
    with pytest.raises(UnreadableError, match='missing'):
        path_reference(path)
