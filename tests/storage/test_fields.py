"""Model fields in, references out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models.fields.files import FieldFile

from django_large_image.exceptions import UnreadableError
from django_large_image.storage.fields import field_file_reference
from django_large_image.storage.paths import local_reference
from tests.factories import gradient


def test_a_stored_file(image_file: Any) -> None:
    image = image_file(gradient(9, 9))
    reference = field_file_reference(image.file)
    assert reference == local_reference(image.file.path)
    assert reference.name == 'image.tif'


def test_an_empty_field(image_file: Any) -> None:
    with pytest.raises(UnreadableError, match='No file'):
        field_file_reference(image_file(empty=True).file)


def test_a_file_that_is_gone(image_file: Any) -> None:
    image = image_file(gradient(9, 9))
    Path(image.file.path).unlink()
    with pytest.raises(UnreadableError, match='missing'):
        field_file_reference(image.file)


def test_a_name_that_leaves_the_storage(image_file: Any) -> None:
    image = image_file(gradient(9, 9))
    image.file.name = '../../../etc/passwd'
    with pytest.raises(UnreadableError, match='missing'):
        field_file_reference(image.file)


def test_a_storage_without_paths(image_file: Any) -> None:
    image = image_file(gradient(9, 9))
    # Of the base class, whose files have no path.
    image.file.storage = Storage()
    with pytest.raises(UnreadableError, match='cannot be read from here'):
        field_file_reference(image.file)


def test_a_storage_that_moves(image_file: Any, settings: Any, tmp_path: Path) -> None:
    image = image_file(gradient(9, 9))
    old = field_file_reference(image.file)
    settings.MEDIA_ROOT = tmp_path / 'elsewhere'
    with pytest.raises(UnreadableError, match='missing'):
        field_file_reference(image.file)
    moved = tmp_path / 'elsewhere' / image.file.name
    moved.parent.mkdir(parents=True)
    Path(old.path).rename(moved)
    assert field_file_reference(image.file).path == str(moved)


def test_a_storage_with_paths_of_its_own(image_file: Any, tmp_path: Path) -> None:
    class Flat(FileSystemStorage):
        def path(self, name: str) -> str:
            return str(tmp_path / 'flat' / Path(name).name)

    image = image_file(gradient(9, 9))
    (tmp_path / 'flat').mkdir()
    Path(image.file.path).rename(tmp_path / 'flat' / Path(image.file.name).name)
    image.file.storage = Flat()
    assert field_file_reference(image.file).path == image.file.path


def test_a_field_with_paths_of_its_own(image_file: Any) -> None:
    class Linked(FieldFile):
        @property
        def path(self) -> str:
            return super().path + '.link'

    image = image_file(gradient(9, 9))
    Path(image.file.path + '.link').symlink_to(image.file.path)
    linked = Linked(image, image.file.field, image.file.name)
    assert field_file_reference(linked).path == image.file.path + '.link'
