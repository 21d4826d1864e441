"""`load_samples` keeps what is there, repairs what broke off, and says what it lacks."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from core.management.commands import load_samples
from core.models import ImageFile
from core.samples import MissingPackageError, Sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def sample(monkeypatch):
    """The only sample: its file counts how often it was made."""
    made = []

    def make(path):
        made.append(path)
        path.write_bytes(b'%d' % len(made))

    sample = Sample('One', 'one.tif', 'The only one.', make)
    monkeypatch.setattr(load_samples, 'SAMPLES', [sample])
    return sample


def content(image):
    with image.file.open() as opened:
        return opened.read()


def load(*args):
    call_command('load_samples', *args, verbosity=0)
    return ImageFile.objects.get()


def test_a_sample_becomes_an_image(sample, media_root):
    image = load()
    assert (image.name, image.description) == ('One', 'The only one.')
    assert image.file.name == 'images/one.tif'
    assert (media_root / 'images' / 'one.tif').read_bytes() == b'1'


def test_what_exists_is_kept(sample):
    first = load()
    assert load().pk == first.pk
    assert content(first) == b'1'


def test_force_makes_it_again_under_the_same_name(sample):
    first = load()
    again = load('--force')
    assert (again.pk, again.file.name) == (first.pk, first.file.name)
    assert content(again) == b'2'


def test_a_lost_file_is_made_again(sample, media_root):
    load()
    (media_root / 'images' / 'one.tif').unlink()
    assert content(load()) == b'2'


def test_a_file_without_a_row_is_replaced(sample, media_root):
    (media_root / 'images').mkdir(parents=True)
    (media_root / 'images' / 'one.tif').write_bytes(b'half')
    image = load()
    assert image.file.name == 'images/one.tif'
    assert content(image) == b'1'


def test_the_file_of_another_image_is_left_alone(sample, media_root):
    (media_root / 'images').mkdir(parents=True)
    (media_root / 'images' / 'one.tif').write_bytes(b'mine')
    mine = ImageFile.objects.create(name='Mine', file='images/one.tif')
    call_command('load_samples', verbosity=0)
    assert content(mine) == b'mine'
    assert ImageFile.objects.get(name='One').file.name != mine.file.name


def test_a_failure_leaves_no_row(sample, monkeypatch):
    def fail(path):
        path.write_bytes(b'half')
        raise OSError('disk full')

    monkeypatch.setattr(load_samples, 'SAMPLES', [Sample('One', 'one.tif', '', fail)])
    with pytest.raises(OSError, match='disk full'):
        load()
    assert not ImageFile.objects.exists()


def test_a_missing_package_costs_only_its_sample(sample, monkeypatch, capsys):
    def lack(path):
        raise MissingPackageError('nowhere is not installed')

    samples = [Sample('None', 'none.tif', '', lack), sample]
    monkeypatch.setattr(load_samples, 'SAMPLES', samples)
    call_command('load_samples')
    assert [image.name for image in ImageFile.objects.all()] == ['One']
    assert 'None: nowhere is not installed' in capsys.readouterr().err
