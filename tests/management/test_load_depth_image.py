"""`manage.py load_depth_image`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from django_large_image.depth import frames
from django_large_image.depth.interpolation import resize
from django_large_image.depth.models import DepthImage
from tests.depth import factories

pytestmark = pytest.mark.django_db
DEPTHS, VALUES = 9000 + np.arange(300) / 8, factories.numbers(300, 20)


def load(*arguments: str) -> tuple[str, str]:
    """Return what it prints, and what it says beside."""
    out, err = io.StringIO(), io.StringIO()
    call_command('load_depth_image', *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A log of 300 records, and one without a depth."""
    path = tmp_path / 'Well 7.csv'
    path.write_text(factories.text(DEPTHS, VALUES) + ',' * 20 + '\n')
    return str(path)


def test_a_log_is_stored(log: str) -> None:
    out, err = load(log, '--width', '15', '--interpolation', 'bicubic')
    image = DepthImage.objects.get()
    assert out == (
        f'Image {image.pk}: 300 rows of 15 values, depths 9000.0 to 9037.375; 1 records without a '
        'depth were left out.\n'
    )
    assert 'read: 100%' in err
    assert 'store: 100%' in err
    assert image.name == 'Well 7'
    assert np.array_equal(frames.read(image).values, resize(VALUES, 15, 'bicubic'))


def test_it_may_be_named_and_be_quiet(log: str) -> None:
    assert load(log, '--name', 'North', '-v0') == ('', '')
    assert DepthImage.objects.get().name == 'North'


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['--width', '0'], 'The width has to be 1 to 16384 pixels, not 0.'),
        (['--width', '99999999999999999999'], 'The width has to be 1 to 16384 pixels'),
        (['--width', 'x'], 'argument --width: invalid int value'),
        (['--interpolation', 'cubic'], "Unknown interpolation 'cubic'. Known: nearest"),
    ],
)
def test_options_are_checked(arguments: list[str], says: str, log: str) -> None:
    with pytest.raises(CommandError) as caught:
        load(log, *arguments)
    assert says in str(caught.value)
    assert not DepthImage.objects.exists()


def test_a_wrong_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / 'a\nb.csv'
    path.write_text('d,a\n1,2\n2,x\n')
    with pytest.raises(CommandError) as caught:
        load(str(path))
    assert str(caught.value) == f"{str(path)!a}: Line 3, column 2: 'x' is no number."
    with pytest.raises(CommandError, match=r'none\.csv: No such file or directory\.$'):
        load(str(tmp_path / 'none.csv'))
    with pytest.raises(CommandError, match=r'Is a directory\.$'):
        load(str(tmp_path))
