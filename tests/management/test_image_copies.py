"""`manage.py image_copies`."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_large_image.storage.copies import copied_reference, ensure
from tests.storage.stores import TellingStorage, stored


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command('image_copies', *arguments, stdout=out)
    return out.getvalue()


def test_show_and_clear(tmp_path: Path, settings: Any) -> None:
    folder = tmp_path / 'copies'
    settings.LARGE_IMAGE = {'COPIES_DIR': str(folder), 'COPIES_MAX_BYTES': 2048}
    assert run() == f'0 copies, 0 bytes of 2.0 KB in {folder}\n'
    for age, name in enumerate(['b\n.tif', 'a.tif']):
        (tmp_path / name).write_bytes(b'123')
        reference = copied_reference(stored(TellingStorage(tmp_path), name))
        ensure(reference.path)
        os.utime(Path(reference.path).parent, (age * 60, age * 60))
    first, second, total = run().splitlines()
    assert first.startswith('1970-01-01 00:01Z')
    assert first.endswith('  a.tif')
    assert second.endswith("  'b\\n.tif'")
    assert total.startswith('2 copies, ')
    # Whatever else is there stays.
    (folder / 'else').write_text('')
    assert run('--clear').startswith('Removed 2 copies, ')
    assert [path.name for path in folder.iterdir()] == ['else']
    assert not Path(reference.path).exists()


def test_a_folder_of_others(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies')}
    (tmp_path / 'copies').mkdir()
    (tmp_path / 'copies').chmod(0o777)
    with pytest.raises(CommandError, match='Others may write'):
        run()
