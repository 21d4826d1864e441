"""`manage.py verify_images`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from tests.testapp.models import ChecksumImage


def verify(*arguments: str) -> tuple[str, str, int]:
    """Return what it prints, what it says in the end, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command('verify_images', *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def images(db: None) -> list[Any]:
    """Four images; the last one has no file."""
    made = [ChecksumImage(name=name) for name in 'abcd']
    for image in made[:3]:
        image.file.save(f'{image.name}.tif', ContentFile(image.name.encode() * 1000))
    made[3].save()
    return made


def test_all_is_well(images: list[Any]) -> None:
    out, err, code = verify()
    assert (out, code) == ('3 files: all as they should be.\n', 0)
    assert '3/3' in err
    assert verify('-v0') == ('', '', 0)


def test_what_is_wrong_is_listed(images: list[Any]) -> None:
    changed, gone, unknown = images[:3]
    Path(changed.file.path).write_bytes(b'A' * 1000)
    os.remove(gone.file.path)
    ChecksumImage.objects.filter(pk=unknown.pk).update(sha256='')
    out, said, code = verify('testapp.ChecksumImage')
    assert out.splitlines() == [
        f'mismatch: testapp.ChecksumImage {changed.pk}: images/a.tif',
        f'missing: testapp.ChecksumImage {gone.pk}: images/b.tif',
        f'no checksum: testapp.ChecksumImage {unknown.pk}: images/c.tif',
    ]
    assert (said, code) == ('3 files, 3 of them with problems.', 1)


def test_missing_checksums_are_computed(images: list[Any]) -> None:
    expected = list(ChecksumImage.objects.order_by('pk').values_list('sha256', flat=True))
    ChecksumImage.objects.update(sha256='')
    out, _, code = verify('--fix-missing')
    assert (out, code) == ('3 files, 3 checksums computed: all as they should be.\n', 0)
    found = list(ChecksumImage.objects.order_by('pk').values_list('sha256', flat=True))
    assert found == expected
    # A wrong one is never put right.
    ChecksumImage.objects.filter(pk=images[0].pk).update(sha256='f' * 64)
    out, _, code = verify('--fix-missing')
    assert out.startswith('mismatch: ')
    assert code == 1


def test_a_store_that_is_down(images: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: Any) -> None:
        raise ConnectionRefusedError('user:secret@host')

    monkeypatch.setattr(images[0].file.storage.__class__, '_open', down)
    out, _, code = verify()
    assert out.splitlines()[0].startswith('unreadable (ConnectionRefusedError): ')
    assert 'secret' not in out
    assert code == 1


@pytest.mark.parametrize(
    ('label', 'says'),
    [
        ('testapp.ImageFile', 'has no field with checksums'),
        ('testapp.Nothing', "doesn't have a 'Nothing' model"),
        ('nothing', 'Name models as app.Model'),
    ],
)
def test_models_that_cannot_be_verified(label: str, says: str, db: None) -> None:
    assert says in verify(label)[1]
