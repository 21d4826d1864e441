"""Files of GDAL's file systems are read as files of Python are."""

from __future__ import annotations

import os

import pytest
from osgeo import gdal

from django_large_image.sources.streamed import StreamedFile, open_file

CONTENT = bytes(range(200))


@pytest.fixture(params=['local', 'memory'])
def path(request, tmp_path):
    if request.param == 'local':
        (tmp_path / 'a').write_bytes(CONTENT)
        yield str(tmp_path / 'a')
    else:
        gdal.FileFromMemBuffer('/vsimem/streamed', CONTENT)
        yield '/vsimem/streamed'
        gdal.Unlink('/vsimem/streamed')


def test_it_is_read_from_any_place(path):
    with open_file(path) as file:
        assert file.seekable()
        assert file.read(3) == CONTENT[:3]
        assert file.tell() == 3
        assert file.seek(0, os.SEEK_END) == 200
        assert file.read(1) == b''
        assert file.seek(190) == 190
        assert file.read(50) == CONTENT[190:]
        assert file.seek(-10, os.SEEK_CUR) == 190
        assert file.read(0) == b''
    assert file.closed
    file.close()


@pytest.mark.parametrize('path', ['/none/such', '/vsimem/none', '/vsizip//none/such.zip/a'])
def test_what_is_not_there_is_an_error_of_the_system(path):
    with pytest.raises(OSError, match=r'No such|cannot'):
        open_file(path)


def test_nobody_reads_without_a_limit():
    gdal.FileFromMemBuffer('/vsimem/streamed', CONTENT)
    with StreamedFile('/vsimem/streamed') as file:
        for size in (-1, None):
            with pytest.raises(OSError, match='limit'):
                file.read(size)
    gdal.Unlink('/vsimem/streamed')
