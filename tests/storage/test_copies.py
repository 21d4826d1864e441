"""Local copies of files in storages of any kind: made once, complete or absent."""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import File
from django.core.files.storage import Storage
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.opening import close_sources, open_source
from django_large_image.storage import copies, errands
from django_large_image.storage.copies import copied_reference, ensure
from django_large_image.storage.shelf import open_shelf
from tests import factories
from tests.storage.stores import (
    ChunksOnly,
    FaultyStorage,
    OpenOnlyStorage,
    StallingStorage,
    TellingStorage,
    later,
    stored,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def shelf_folder(settings: Any, tmp_path: Path) -> Path:
    """A folder of copies of the test's own, and a store that is asked every time."""
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies'), 'VERSION_MAX_AGE': 0}
    close_sources()
    return tmp_path / 'copies'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a storage, with an image in it."""
    (tmp_path / 'store' / 'a').mkdir(parents=True)
    factories.raster(tmp_path / 'store' / 'a' / 'b.tif', factories.gradient(300, 200))
    return tmp_path / 'store'


def content(reference: Any) -> bytes:
    """Have the copy made as opening does, and read it."""
    ensure(reference.path)
    return Path(reference.path).read_bytes()


def left_behind(folder: Path) -> list[str]:
    """What is in the folder but complete entries."""
    return [path.name for path in folder.iterdir() if len(path.name) != 40]


@pytest.mark.parametrize('kind', [OpenOnlyStorage, TellingStorage])
def test_a_copy_has_the_pixels_and_is_made_once(kind: type[OpenOnlyStorage], store: Path) -> None:
    storage = kind(store)
    for _ in range(3):
        reference = copied_reference(stored(storage, 'a/b.tif'))
        assert reference.name == 'b.tif'
        assert reference.version
        assert open_source(reference).sizeX == 200
        read = gdal.Open(reference.path).ReadAsArray()
        assert np.array_equal(read, factories.gradient(300, 200))
        close_sources()
    assert storage.opened == ['a/b.tif']
    assert left_behind(open_shelf().folder) == []
    assert pickle.loads(pickle.dumps(reference)) == reference


def test_nothing_is_copied_for_a_reference_alone(store: Path, shelf_folder: Path) -> None:
    storage = TellingStorage(store)
    assert copied_reference(stored(storage, 'a/b.tif')).version
    assert storage.opened == []
    assert list(shelf_folder.iterdir()) == []


def test_another_version_is_another_copy(store: Path) -> None:
    storage = TellingStorage(store)
    old = copied_reference(stored(storage, 'a/b.tif'))
    first = content(old)
    path = store / 'a' / 'b.tif'
    path.write_bytes(first[::-1])
    later(path)
    new = copied_reference(stored(storage, 'a/b.tif'))
    assert new.version != old.version
    assert (content(old), content(new)) == (first, first[::-1])


def test_without_times_only_the_size_tells(store: Path) -> None:
    class Sized(OpenOnlyStorage):
        def size(self, name: str) -> int:
            return self.full(name).stat().st_size

    path, storage = store / 'a' / 'b.tif', Sized(store)
    first = copied_reference(stored(storage, 'a/b.tif'))
    path.write_bytes(path.read_bytes()[::-1])
    assert copied_reference(stored(storage, 'a/b.tif')) == first
    path.write_bytes(path.read_bytes() + b'more')
    assert copied_reference(stored(storage, 'a/b.tif')).version != first.version


def test_a_digest_is_the_version_where_nothing_else_tells(store: Path) -> None:
    (store / 'twin.tif').write_bytes((store / 'a' / 'b.tif').read_bytes())
    (store / 'other.tif').write_bytes(b'other')
    one, twin, other = (
        copied_reference(stored(OpenOnlyStorage(store), name)).version
        for name in ('a/b.tif', 'twin.tif', 'other.tif')
    )
    assert one == twin != other


def test_a_copy_of_unknown_age_is_not_put_in_the_place_of_another(store: Path) -> None:
    storage = OpenOnlyStorage(store)
    reference = copied_reference(stored(storage, 'a/b.tif'))
    open_shelf().clear()
    assert content(reference)
    open_shelf().clear()
    path = store / 'a' / 'b.tif'
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(BusyError, match='replaced'):
        ensure(reference.path)
    assert content(copied_reference(stored(storage, 'a/b.tif'))) == path.read_bytes()


def test_storages_are_told_apart(store: Path, tmp_path: Path) -> None:
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'x.tif').write_bytes(b'other')
    (store / 'x.tif').write_bytes(b'first')
    os.utime(store / 'x.tif', (1, 1))
    os.utime(tmp_path / 'other' / 'x.tif', (1, 1))
    found = [
        content(copied_reference(stored(TellingStorage(folder), 'x.tif')))
        for folder in (store, tmp_path / 'other')
    ]
    assert found == [b'first', b'other']


def test_sidecars_come_along(store: Path) -> None:
    path = store / 'a' / 'b.png'
    factories.raster(path, factories.gradient(64, 64), driver='PNG')
    (store / 'a' / 'b.pgw').write_text('2\n0\n0\n-2\n100\n200\n')
    (store / 'a' / 'b.png.aux.xml').write_text('<PAMDataset/>')
    (store / 'a' / 'c.png.ovr').write_text("another image's")
    reference = copied_reference(stored(TellingStorage(store), 'a/b.png'))
    ensure(reference.path)
    names = sorted(item.name for item in Path(reference.path).parent.iterdir())
    assert names == [copies.ABOUT, 'b.pgw', 'b.png', 'b.png.aux.xml']


def test_overviews_of_their_own_are_read(store: Path) -> None:
    path = store / 'a' / 'b.tif'
    factories.raster(path, np.zeros((600, 600), 'uint8'))
    # Read-only: they are written beside the file.
    gdal.Open(str(path)).BuildOverviews('NEAREST', [2])
    assert (store / 'a' / 'b.tif.ovr').exists()
    reference = copied_reference(stored(TellingStorage(store), 'a/b.tif'))
    source = open_source(reference)
    assert source.getMetadata()['sizeX'] == 600
    assert gdal.Open(reference.path).GetRasterBand(1).GetOverviewCount() == 1


@pytest.mark.parametrize(
    'name', ['a/b\n.tif', 'a/.tif', 'a/' + 'x' * 200 + '.tif', 'a/.copy.json', 'a/ü;$(x).tif']
)
def test_names_that_a_path_should_not_have(name: str, store: Path, shelf_folder: Path) -> None:
    (store / name).write_bytes(b'bytes')
    reference = copied_reference(stored(TellingStorage(store), name))
    assert content(reference) == b'bytes'
    assert Path(reference.path).parent.parent == shelf_folder
    assert reference.name == name[2:]


def test_a_file_that_has_only_chunks(store: Path) -> None:
    class Chunked(TellingStorage):
        def _open(self, name: str, mode: str = 'rb') -> Any:
            return ChunksOnly(iter([b'one', b'two']))

        def size(self, name: str) -> int:
            return 6

    assert content(copied_reference(stored(Chunked(store), 'a/b.tif'))) == b'onetwo'


def test_members_of_a_zip_file(store: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / 'all.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.write(store / 'a' / 'b.tif', 'inner/b.tif')

    with zipfile.ZipFile(tmp_path / 'all.zip') as archive:

        class Zipped(Storage):
            def _open(self, name: str, mode: str = 'rb') -> Any:
                return File(archive.open(name), name)

        reference = copied_reference(stored(Zipped(), 'inner/b.tif'))
        assert content(reference) == (store / 'a' / 'b.tif').read_bytes()


# Faults.


def test_a_missing_file_and_one_that_leaves_the_storage(store: Path) -> None:
    for kind in (OpenOnlyStorage, TellingStorage):
        with pytest.raises(UnreadableError, match='missing'):
            copied_reference(stored(kind(store), 'a/none.tif'))
    with pytest.raises(UnreadableError, match='cannot be read from here'):
        copied_reference(stored(Storage(), 'x.tif'))


class StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f'https://user:secret@store/ says {status}')
        self.response = {'ResponseMetadata': {'HTTPStatusCode': status}}


@pytest.mark.parametrize(
    ('error', 'expected'),
    [
        (StatusError(404), UnreadableError),
        (StatusError(403), UnreadableError),
        (StatusError(500), BusyError),
        (PermissionError('no'), UnreadableError),
        (ConnectionRefusedError('down'), BusyError),
        (TimeoutError('slow'), BusyError),
        (RuntimeError('whatever'), BusyError),
    ],
)
@pytest.mark.parametrize('when', ['at once', 'later'])
def test_errors_of_a_store(
    error: Exception, expected: type[Exception], when: str, store: Path, shelf_folder: Path
) -> None:
    def fail(data: bytes) -> Iterator[bytes]:
        if when == 'later':
            yield data[:1000]
        raise error

    storage = FaultyStorage(store)
    storage.parts = fail
    reference = copied_reference(stored(storage, 'a/b.tif'))
    with pytest.raises(expected) as caught:
        open_source(reference)
    assert 'secret' not in str(caught.value)
    assert list(shelf_folder.iterdir()) == []
    # It recovers by itself.
    storage.parts = lambda data: iter([data])
    assert open_source(reference).sizeX == 200


def test_a_store_that_fails_before_it_tells_the_version(store: Path) -> None:
    class Down(TellingStorage):
        def get_modified_time(self, name: str) -> Any:
            raise ConnectionRefusedError('down')

    with pytest.raises(BusyError):
        copied_reference(stored(Down(store), 'a/b.tif'))


@pytest.mark.parametrize('change', [lambda data: data[:-1], lambda data: data + b'x'])
def test_a_file_of_another_length_than_told(
    change: Callable[[bytes], bytes], store: Path, shelf_folder: Path
) -> None:
    storage = FaultyStorage(store)
    storage.parts = lambda data: iter([change(data)])
    with pytest.raises(BusyError):
        content(copied_reference(stored(storage, 'a/b.tif')))
    assert list(shelf_folder.iterdir()) == []


def test_a_file_that_is_replaced_while_it_is_copied(store: Path, shelf_folder: Path) -> None:
    def replace(data: bytes) -> Iterator[bytes]:
        yield data[:1000]
        later(store / 'a' / 'b.tif')
        yield data[1000:]

    storage = FaultyStorage(store)
    storage.parts = replace
    with pytest.raises(BusyError, match='replaced'):
        content(copied_reference(stored(storage, 'a/b.tif')))
    assert list(shelf_folder.iterdir()) == []
    storage.parts = lambda data: iter([data])
    assert content(copied_reference(stored(storage, 'a/b.tif')))


def test_a_slow_store_goes_on_in_the_background(
    store: Path, settings: Any, shelf_folder: Path
) -> None:
    storage = StallingStorage(store)
    reference = copied_reference(stored(storage, 'a/b.tif'))
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 1}
    with pytest.raises(BusyError, match='on its way'):
        open_source(reference)
    assert storage.stalled.wait(20)
    assert not Path(reference.path).exists()
    storage.go.set()
    wait_until(Path(reference.path).exists)
    assert open_source(reference).sizeX == 200
    assert storage.opened == ['a/b.tif']


def test_a_store_that_hangs_is_asked_anew(store: Path, settings: Any, shelf_folder: Path) -> None:
    hanging = StallingStorage(store)
    reference = copied_reference(stored(hanging, 'a/b.tif'))
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 1}
    with pytest.raises(BusyError):
        ensure(reference.path)
    assert hanging.stalled.wait(20)
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 20}
    # The next one does not wait for it.
    hanging._parts = lambda data: iter([data])  # type: ignore[method-assign]
    (lock,) = shelf_folder.glob('*.lock')
    later(lock, -60)
    before = threading.active_count()
    copies._errands[reference_key(reference)]._seen -= 60
    assert content(reference) == (store / 'a' / 'b.tif').read_bytes()
    assert threading.active_count() <= before
    # It wakes up, and finds that it has been overtaken.
    hanging.go.set()
    wait_until(lambda: not errands._under_way)
    assert left_behind(shelf_folder) == []
    assert content(reference) == (store / 'a' / 'b.tif').read_bytes()


def test_threads_of_stores_that_hang_are_few(
    store: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, '_MAX_THREADS', 2)
    hanging = StallingStorage(store)
    for name in ('x.tif', 'y.tif', 'z.tif'):
        (store / name).write_bytes(bytes(2000))
    references = [copied_reference(stored(hanging, name)) for name in ('x.tif', 'y.tif', 'z.tif')]
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'REMOTE_TIMEOUT': 1}
    for reference in references:
        with pytest.raises(BusyError):
            ensure(reference.path)
    assert len(errands._under_way) == 2
    hanging.go.set()
    wait_until(lambda: not errands._under_way)
    assert [Path(reference.path).exists() for reference in references] == [True, True, False]


def test_threads_copy_once(store: Path) -> None:
    storage = TellingStorage(store)
    with ThreadPoolExecutor(16) as pool:
        found = list(
            pool.map(lambda _: content(copied_reference(stored(storage, 'a/b.tif'))), range(64))
        )
    assert set(found) == {(store / 'a' / 'b.tif').read_bytes()}
    assert storage.opened == ['a/b.tif']


PROCESS = """
import os, sys, time
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_large_image',
                    'tests.testapp'],
    LARGE_IMAGE={'COPIES_DIR': sys.argv[1]},
)
django.setup()
from pathlib import Path
from tests.storage.stores import FaultyStorage, stored
from django_large_image.storage.copies import copied_reference, ensure
storage = FaultyStorage(sys.argv[2])
def slowly(data):
    for start in range(0, len(data), len(data) // 4):
        # Until the others are there, too.
        while len(list(Path(sys.argv[2]).glob('ready-*'))) < int(sys.argv[3]):
            time.sleep(0.001)
        yield data[start : start + len(data) // 4]
storage.parts = slowly
reference = copied_reference(stored(storage, 'a/b.tif'))
Path(sys.argv[2], f'ready-{os.getpid()}').touch()
if len(sys.argv) > 4:
    storage.parts = lambda data: iter([data[:1000], os.kill(os.getpid(), 9)])
ensure(reference.path)
print(Path(reference.path).read_bytes() == Path(sys.argv[2], 'a/b.tif').read_bytes())
"""


def process(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-c', PROCESS, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_processes_copy_once(store: Path, shelf_folder: Path) -> None:
    started = [process(shelf_folder, store, 3) for _ in range(3)]
    assert [child.communicate(timeout=60)[0] for child in started] == ['True\n'] * 3
    assert (store / 'opened').read_text().split() == ['a/b.tif']
    assert left_behind(shelf_folder) == []


def test_a_process_that_is_killed_leaves_nothing_that_lasts(
    store: Path, shelf_folder: Path
) -> None:
    with process(shelf_folder, store, 1, 'killed') as killed:
        assert killed.wait(timeout=60) == -9
    assert {name.split('.')[-1] for name in left_behind(shelf_folder)} == {'lock', 'part'}
    reference = copied_reference(stored(TellingStorage(store), 'a/b.tif'))
    assert content(reference) == (store / 'a' / 'b.tif').read_bytes()
    open_shelf().sweep()
    assert left_behind(shelf_folder) == []


# Room.


def test_the_least_recently_used_goes(store: Path, settings: Any, shelf_folder: Path) -> None:
    for name in 'abcd':
        (store / f'{name}.tif').write_bytes(name.encode() * 10_000)
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'COPIES_MAX_BYTES': 31_000}
    storage = TellingStorage(store)
    kept = {}
    for age, name in enumerate('abc'):
        kept[name] = copied_reference(stored(storage, f'{name}.tif'))
        ensure(kept[name].path)
        later(Path(kept[name].path).parent, age - 100)
    # It is used, and so the youngest.
    copied_reference(stored(storage, 'a.tif'))
    with open(kept['b'].path, 'rb') as file:
        assert content(copied_reference(stored(storage, 'd.tif'))) == b'd' * 10_000
        assert [Path(kept[name].path).exists() for name in 'abc'] == [True, False, True]
        assert file.read() == b'b' * 10_000
    # What was evicted after it was referred to is there when it is opened.
    later(Path(kept['c'].path).parent, -100)
    assert content(kept['b']) == b'b' * 10_000
    assert not Path(kept['c'].path).exists()
    total = sum(path.stat().st_size for path in shelf_folder.rglob('*') if path.is_file())
    assert total <= 31_000


def test_what_is_in_use_does_not_go(store: Path, settings: Any) -> None:
    for name in 'ab':
        (store / f'{name}.tif').write_bytes(bytes(10_000))
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'COPIES_MAX_BYTES': 15_000}
    storage = TellingStorage(store)
    first = copied_reference(stored(storage, 'a.tif'))
    ensure(first.path)
    with pytest.raises(BusyError, match='no room'):
        ensure(copied_reference(stored(storage, 'b.tif')).path)
    assert Path(first.path).exists()


def test_a_copy_that_was_removed_is_closed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = TellingStorage(store)
    shutil.copy(store / 'a' / 'b.tif', store / 'c.tif')
    first, second = (copied_reference(stored(storage, name)) for name in ('a/b.tif', 'c.tif'))
    for reference in (first, second):
        open_source(reference)
    open_shelf().remove(reference_key(first))

    def is_open() -> list[bool]:
        files = [os.readlink(path) for path in Path('/proc/self/fd').iterdir() if path.is_symlink()]
        return [any(reference_key(r) in file for file in files) for r in (first, second)]

    copied_reference(stored(storage, 'c.tif'))
    assert is_open() == [True, True]
    # Half a minute later.
    monkeypatch.setattr(copies, '_closed_at', copies._closed_at - 60)
    copied_reference(stored(storage, 'c.tif'))
    assert is_open() == [False, True]


@pytest.mark.parametrize('kind', [OpenOnlyStorage, TellingStorage])
def test_a_file_that_is_larger_than_all_room(
    kind: type[OpenOnlyStorage], store: Path, settings: Any, shelf_folder: Path
) -> None:
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'COPIES_MAX_BYTES': 15_000}
    small = copied_reference(stored(TellingStorage(store), 'a/b.tif'))
    (store / 'large.tif').write_bytes(bytes(3 << 20))
    with pytest.raises(UnreadableError, match='too large'):
        ensure(copied_reference(stored(kind(store), 'large.tif')).path)
    assert left_behind(shelf_folder) == []
    assert small.version


def test_a_full_disk(store: Path, shelf_folder: Path) -> None:
    """A limit of the process on the size of files: what the kernel says then is much the same."""
    code = (
        'import resource, signal, sys;'
        'signal.signal(signal.SIGXFSZ, signal.SIG_IGN);'
        'resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));'
    )
    printed = subprocess.run(
        [sys.executable, '-c', code + PROCESS, str(shelf_folder), str(store), '1'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert 'BusyError: There is no room' in printed.stderr
    assert left_behind(shelf_folder) == []
    assert list(shelf_folder.iterdir()) == []


def test_large_files_say_how_far_they_are(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(copies, '_STRIDE', 1 << 20)
    (store / 'large.tif').write_bytes(bytes(5 << 19))
    with caplog.at_level(logging.INFO, 'django_large_image'):
        ensure(copied_reference(stored(TellingStorage(store), 'large.tif')).path)
    said = [record.getMessage() for record in caplog.records]
    assert said[:2] == ['Copying large.tif: 1 of 2 MB', 'Copying large.tif: 2 of 2 MB']
    assert said[2].startswith('Copied large.tif: 2621440 bytes in ')


def test_part_of_an_entry_that_somebody_tidied_up(store: Path) -> None:
    storage = TellingStorage(store)
    reference = copied_reference(stored(storage, 'a/b.tif'))
    first = content(reference)
    Path(reference.path).unlink()
    assert content(copied_reference(stored(storage, 'a/b.tif'))) == first


def reference_key(reference: Any) -> str:
    return Path(reference.path).parent.name


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
