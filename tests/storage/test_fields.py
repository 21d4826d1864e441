"""Model fields in, references out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage

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
