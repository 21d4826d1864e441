"""Files with a checksum: computed while they are stored, declared, verified, and the version."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test import RequestFactory
from django.test.utils import isolate_apps
from s3_file_field.fields import S3FileField
from s3_file_field.widgets import S3PlaceholderFile

from django_large_image.fields import ChecksumFieldMixin, ChecksumFileField
from django_large_image.storage.checksums import HashingFile, checksum_of, validate_checksum
from django_large_image.storage.fields import field_file_reference
from tests.storage.stores import ChunksOnly, TellingStorage
from tests.testapp.models import ChecksumImage

DATA = b'some bytes ' * 50_000
OTHER = b'other bytes ' * 50_000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class ImageForm(forms.ModelForm):
    class Meta:
        model = ChecksumImage
        fields = ('file', 'sha256')


def upload(data: bytes = DATA) -> SimpleUploadedFile:
    return SimpleUploadedFile('a.tif', data)


def temporary(data: bytes = DATA) -> TemporaryUploadedFile:
    file = TemporaryUploadedFile('a.tif', 'image/tiff', len(data), None)
    file.write(data)
    file.seek(0)
    _temporary.append(file)
    return file


_temporary: list[TemporaryUploadedFile] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the temporary files of a test, as a request does."""
    yield
    while _temporary:
        _temporary.pop().close()


HALF = len(DATA) // 2
# Files as they come from uploads, disks and streams.
KINDS: dict[str, Any] = {
    'memory': upload,
    'disk': temporary,
    'text': lambda: ContentFile(DATA.decode(), 'a.tif'),
    'plain': lambda: io.BytesIO(DATA),
    'chunks only': lambda: ChunksOnly(iter([DATA[:HALF], DATA[HALF:]])),
}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('telling', [False, True], ids=['local', 'other'])
def test_it_is_computed_while_a_file_is_stored(
    kind: str, telling: bool, tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ChecksumImage()
    if telling:
        monkeypatch.setattr(image._meta.get_field('file'), 'storage', TellingStorage(tmp_path))
        image = ChecksumImage()
    with contextlib.closing(KINDS[kind]()) as file:
        image.file.save('a.tif', file)
    assert image.sha256 == image.file.checksum == sha(DATA)
    stored = ChecksumImage.objects.get()
    assert stored.sha256 == sha(DATA)
    assert stored.file.verify()
    if telling:
        # Read back by `verify` alone.
        assert stored.file.storage.opened == [stored.file.name]


def test_assigning_and_saving(db: None) -> None:
    image = ChecksumImage.objects.create(file=upload())
    assert ChecksumImage.objects.get().sha256 == sha(DATA)
    image.file = upload(OTHER)
    assert image.sha256 == ''
    image.save(update_fields=['file'])
    assert ChecksumImage.objects.get().sha256 == sha(OTHER)
    image.file.delete()
    assert ChecksumImage.objects.get().sha256 == ''


def test_many_at_once(db: None) -> None:
    ChecksumImage.objects.bulk_create([ChecksumImage(file=upload()), ChecksumImage()])
    assert list(ChecksumImage.objects.order_by('pk').values_list('sha256', flat=True)) == [
        sha(DATA),
        '',
    ]


def test_reading_changes_nothing(db: None, django_assert_num_queries: Any) -> None:
    pk = ChecksumImage.objects.create(file=upload()).pk
    with django_assert_num_queries(1):
        image = ChecksumImage.objects.get(pk=pk)
        assert image.file.checksum == sha(DATA)
    ChecksumImage.objects.filter(pk=pk).update(sha256='f' * 64)
    image.refresh_from_db()
    assert image.sha256 == 'f' * 64
    # Of the file that is stored: not declared for the next one.
    image.file.save('b.tif', ContentFile(OTHER))
    assert image.sha256 == sha(OTHER)
    with django_assert_num_queries(1):
        ChecksumImage.objects.only('file').get(pk=pk)


def test_another_name_is_another_file_but_a_move_is_not(db: None) -> None:
    image = ChecksumImage.objects.create(file=upload())
    moved = image.file.storage.save('elsewhere/b.tif', ContentFile(DATA))
    image.file.name = moved
    image.save()
    assert ChecksumImage.objects.get().file.version == f'sha256:{sha(DATA)}'
    # What a direct upload to a store assigns.
    image.file = 'elsewhere/c.tif'
    assert (image.sha256, image.file.version) == ('', '')
    image.sha256 = sha(OTHER)
    image.file = 'elsewhere/d.tif'
    assert image.sha256 == sha(OTHER)


# Declared checksums.


@pytest.mark.parametrize('make', [upload, temporary])
def test_a_form_with_a_declared_checksum(make: Any, db: None, media_root: Path) -> None:
    good = ImageForm({'sha256': sha(DATA).upper()}, {'file': make()})
    image = good.save()
    assert image.sha256 == sha(DATA)
    wrong = ImageForm({'sha256': sha(OTHER)}, {'file': make()}, instance=image)
    assert not wrong.is_valid()
    assert 'as declared' in wrong.errors['file'][0]
    image.refresh_from_db()
    # The field still shows what belongs to the former file.
    stale = ImageForm({'sha256': sha(DATA)}, {'file': make(OTHER)}, instance=image)
    assert stale.is_valid()
    assert stale.save().sha256 == sha(OTHER)
    assert len([path for path in media_root.rglob('*') if path.is_file()]) == 2


def test_a_form_without_the_checksum(db: None) -> None:
    form = forms.modelform_factory(ChecksumImage, fields=['file'])
    image = form({}, {'file': upload()}).save()
    image = form({}, {'file': upload(OTHER)}, instance=image).save()
    assert ChecksumImage.objects.get().sha256 == sha(OTHER)
    form({'file-clear': 'on'}, {}, instance=ChecksumImage.objects.get()).save()
    assert ChecksumImage.objects.get().sha256 == ''


@pytest.mark.parametrize('kind', KINDS)
def test_what_was_stored_with_another_checksum_is_removed(
    kind: str, db: None, media_root: Path
) -> None:
    image = ChecksumImage(sha256=sha(OTHER))
    with (
        contextlib.closing(KINDS[kind]()) as file,
        pytest.raises(ValidationError, match='declared'),
    ):
        image.file.save('a.tif', file)
    assert not ChecksumImage.objects.exists()
    assert [path for path in media_root.rglob('*') if path.is_file()] == []


def test_a_new_object_with_a_declared_checksum(db: None) -> None:
    assert ChecksumImage.objects.create(file=upload(), sha256=sha(DATA)).sha256 == sha(DATA)
    with pytest.raises(ValidationError):
        ChecksumImage.objects.create(file=upload(), sha256=sha(OTHER))


def test_for_serializers() -> None:
    file = upload()
    validate_checksum(file, f' {sha(DATA).upper()}\n')
    assert file.read() == DATA
    for wrong in (sha(OTHER), 'ü', ''):
        with pytest.raises(ValidationError):
            validate_checksum(file, wrong)


# The version.


def test_the_version_of_the_image(db: None, image_file: Any) -> None:
    image = image_file(model=ChecksumImage, fields={})
    reference = field_file_reference(image.file)
    assert reference.checksum == f'sha256:{image.sha256}'
    moved = image.file.storage.save('elsewhere/b.tif', ContentFile(image.file.read()))
    image.file.close()
    image.file.name = moved
    other = field_file_reference(image.file)
    assert other.path != reference.path
    assert other.identity == reference.identity
    image.file.checksum = 'f' * 64
    assert field_file_reference(image.file).identity != reference.identity
    image.file.checksum = ''
    assert field_file_reference(image.file).identity


# Django's machinery.


def test_admin_and_form_show_it(db: None, admin_user: Any) -> None:
    class ImageAdmin(admin.ModelAdmin):
        readonly_fields = ('sha256',)

    image = ChecksumImage.objects.create(file=upload())
    request = RequestFactory().get('/')
    request.user = admin_user
    page = ImageAdmin(ChecksumImage, admin.AdminSite()).change_view(request, str(image.pk))
    shown = [
        field.contents()
        for set_ in page.context_data['adminform']
        for line in set_
        for field in line
        if field.is_readonly
    ]
    assert shown == [sha(DATA)]
    assert sha(DATA) in str(ImageForm(instance=image))


def test_migrations() -> None:
    field = ChecksumFileField(upload_to='x', checksum_field='sum', algorithm='sha512')
    text, imports = MigrationWriter.serialize(field)
    assert text == (
        "django_large_image.fields.ChecksumFileField(algorithm='sha512', checksum_field='sum', "
        "upload_to='x')"
    )
    assert imports == {'import django_large_image.fields'}
    copy = field.clone()
    assert (copy.checksum_field, copy.algorithm) == ('sum', 'sha512')


@pytest.mark.parametrize(
    ('algorithm', 'before', 'after', 'code'),
    [
        ('sha256', {}, {'sum': models.CharField(max_length=64)}, None),
        ('sha512', {}, {'sum': models.CharField(max_length=64)}, 'large_image.E031'),
        ('sha0', {}, {'sum': models.CharField(max_length=64)}, 'large_image.E030'),
        ('shake_128', {}, {'sum': models.CharField(max_length=64)}, 'large_image.E030'),
        ('sha256', {}, {}, 'large_image.E031'),
        ('sha256', {}, {'sum': models.IntegerField()}, 'large_image.E031'),
        ('sha256', {'sum': models.CharField(max_length=64)}, {}, 'large_image.E032'),
    ],
)
def test_checks(algorithm: str, before: Any, after: Any, code: str | None) -> None:
    with isolate_apps('tests.testapp'):
        own = ChecksumFileField(checksum_field='sum', algorithm=algorithm)
        # Fields are in the order in which they are made.
        after = {name: field.clone() for name, field in after.items()}
        body = {**before, 'file': own, **after, '__module__': 'tests.testapp.models'}
        model = type('Checked', (models.Model,), {**body, 'Meta': type('Meta', (), {})})
        found = [message for message in model._meta.get_field('file').check() if message.id]
    assert [message.id for message in found] == ([code] if code else [])


@isolate_apps('tests.testapp')
def test_together_with_direct_uploads() -> None:
    class Field(ChecksumFieldMixin, S3FileField):
        pass

    class Direct(models.Model):
        file = Field(checksum_field='sum')
        sum = models.CharField(max_length=64)

        class Meta:
            app_label = 'testapp'

        def __str__(self) -> str:
            return self.sum

    image = Direct(file='uuid/a.tif', sum=sha(DATA))
    field = Direct._meta.get_field('file')
    field.save_form_data(image, S3PlaceholderFile('uuid/b.tif', 3))
    assert (image.file.name, image.sum) == ('uuid/b.tif', '')
    assert field.clone().checksum_field == 'sum'


# What storages do with a file.


def seeking(file: Any) -> None:
    file.seek(0, 2)
    assert file.tell() == len(DATA)
    file.seek(0)
    while file.read(999):
        pass


def rereading(file: Any) -> None:
    file.read(5000)
    file.seek(1000)
    while file.read(4096):
        pass
    file.seek(0)
    file.read()


def into_a_buffer(file: Any) -> None:
    buffer = bytearray(70_000)
    while file.readinto(buffer):
        pass


def line_by_line(file: Any) -> None:
    assert b''.join(file) == DATA


@pytest.mark.parametrize('use', [seeking, rereading, into_a_buffer, line_by_line])
def test_however_a_storage_reads(use: Any) -> None:
    hashing = HashingFile(upload(), 'sha256')
    use(hashing)
    assert hashing.checksum() == sha(DATA)
    assert hashing.content_type == 'text/plain'
    with temporary() as file:
        assert not hasattr(HashingFile(file, 'sha256'), 'temporary_file_path')


def test_a_part_makes_no_checksum() -> None:
    hashing = HashingFile(upload(), 'sha256')
    hashing.seek(10)
    while hashing.read(4096):
        pass
    assert hashing.checksum() == ''


def test_large_files_are_read_in_parts() -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(10):
            yield DATA

    assert checksum_of(ChunksOnly(parts())) == sha(DATA * 10)
