"""Files of a folder by their names, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_large_image.exceptions import MissingError
from django_large_image.storage.folder import folder_reference, named_reference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / 'scans'
    (root / 'maps' / 'ä b').mkdir(parents=True)
    (root / 'one.tif').write_bytes(b'one')
    (root / 'maps' / 'ä b' / '50%.tif').write_bytes(b'two')
    (tmp_path / 'secret.tif').write_bytes(b'secret')
    (tmp_path / 'scans-too').mkdir()
    (tmp_path / 'scans-too' / 'other.tif').write_bytes(b'other')
    return root


@pytest.mark.parametrize('name', ['one.tif', 'maps/ä b/50%.tif', 'maps/../one.tif', './one.tif'])
def test_a_file_by_its_name(folder: Path, name: str) -> None:
    reference = folder_reference(folder, name)
    assert reference.path == str((folder / name).resolve())
    assert reference.name == name
    assert reference.version


@pytest.mark.parametrize(
    'name',
    [
        '',
        '.',
        'maps',
        'two.tif',
        'one.tif/info',
        '../secret.tif',
        'maps/../../secret.tif',
        '../scans-too/other.tif',
        '/etc/passwd',
        '//etc/passwd',
        'file:///etc/passwd',
        '/vsicurl/http://localhost/a.tif',
        'one.tif\0',
        'x' * 5000,
        '../' * 2000 + 'etc/passwd',
    ],
)
def test_no_other(folder: Path, name: str) -> None:
    with pytest.raises(MissingError, match='no such image'):
        folder_reference(folder, name)


@pytest.mark.parametrize(
    'name',
    ['./one.tif', 'maps/../one.tif', 'one.tif/', 'maps//ä b/50%.tif', '../scans/one.tif', '', '.'],
)
def test_a_file_has_one_name(folder: Path, name: str) -> None:
    for spelled in (name, str(folder / 'one.tif')):
        with pytest.raises(MissingError, match='no such image'):
            named_reference(folder, spelled)
    assert named_reference(folder, 'maps/ä b/50%.tif').name == 'maps/ä b/50%.tif'


def test_links_lead_to_files_of_the_folder_only(folder: Path) -> None:
    os.symlink(folder / 'one.tif', folder / 'inside.tif')
    os.symlink(folder.parent / 'secret.tif', folder / 'outside.tif')
    os.symlink(folder / 'circle.tif', folder / 'circle.tif')
    assert folder_reference(folder, 'inside.tif').path == str(folder / 'one.tif')
    for name in ('outside.tif', 'circle.tif'):
        with pytest.raises(MissingError):
            folder_reference(folder, name)


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    os.symlink(folder, tmp_path / 'link')
    assert folder_reference(tmp_path / 'link', 'one.tif').path == str(folder / 'one.tif')


def test_a_replaced_file_has_another_version(folder: Path) -> None:
    before = folder_reference(folder, 'one.tif').version
    (folder / 'new.tif').write_bytes(b'another')
    os.replace(folder / 'new.tif', folder / 'one.tif')
    assert folder_reference(folder, 'one.tif').version != before
