"""A folder of files that can be made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from django_large_image.storage.shelf import (
    FullError,
    LostError,
    Shelf,
    ShelfError,
    default_folder,
    open_shelf,
)

KEYS = [character * 40 for character in 'abcd']


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 100)


def fill(shelf: Shelf, key: str, size: int = 10, used: float | None = None) -> None:
    with shelf.making(key) as folder:
        (folder / 'inner').mkdir()
        (folder / 'inner' / 'file').write_bytes(bytes(size))
    if used is not None:
        os.utime(shelf.path(key), (used, used))


def hold(shelf: Shelf, key: str, patience: float = 1000) -> Any:
    def waiting() -> None:
        raise TimeoutError

    return shelf.lease(key, patience, waiting)


def test_an_entry_is_complete_or_absent(shelf: Shelf) -> None:
    def fail() -> None:
        with shelf.making(KEYS[0]) as folder:
            (folder / 'file').write_bytes(b'half')
            assert not shelf.use(KEYS[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(shelf.folder.iterdir()) == []
    fill(shelf, KEYS[0])
    fill(shelf, KEYS[0], 99)
    ((key, size, _),) = shelf.entries()
    assert (key, size) == (KEYS[0], 10)


def test_room_is_made_of_the_oldest(shelf: Shelf) -> None:
    for used, key in enumerate(KEYS):
        fill(shelf, key, 20, used)
    assert shelf.use(KEYS[0])
    assert shelf.room(20) == 20
    assert shelf.room(30) == 40
    assert [entry.key for entry in shelf.entries()] == [KEYS[2], KEYS[3], KEYS[0]]
    with pytest.raises(FullError):
        shelf.room(90)
    assert [entry.key for entry in shelf.entries()] == [KEYS[0]]


def test_what_is_being_made_takes_room(shelf: Shelf) -> None:
    with hold(shelf, KEYS[0]), shelf.making(KEYS[0]) as folder:
        (folder / 'file').write_bytes(bytes(70))
        assert shelf.room(10) == 30
        assert (folder / 'file').exists()
    assert shelf.room(10) == 30


def test_one_holds_a_lease(shelf: Shelf) -> None:
    with hold(shelf, KEYS[0]) as lease:
        lease.renew()
        with pytest.raises(TimeoutError), hold(shelf, KEYS[0]):
            pass
        with hold(shelf, KEYS[1]):
            pass
        lease.renew()
    with hold(shelf, KEYS[0]):
        pass
    assert list(shelf.folder.iterdir()) == []


def test_a_lease_that_is_not_renewed_is_lost(shelf: Shelf) -> None:
    with hold(shelf, KEYS[0]) as first:
        path = shelf.folder / f'{KEYS[0]}.lock'
        os.utime(path, (1, 1))
        with shelf.lease(KEYS[0], 60, lambda: None) as second:
            with pytest.raises(LostError):
                first.renew()
            second.renew()
    assert list(shelf.folder.iterdir()) == []


def test_a_child_process_does_not_keep_a_lease(shelf: Shelf) -> None:
    reading, writing = os.pipe()
    with hold(shelf, KEYS[0]):
        child = os.fork()
        if not child:
            os.read(reading, 1)
            os._exit(0)
    # The child still lives.
    with hold(shelf, KEYS[0]):
        pass
    os.write(writing, b'.')
    assert os.waitpid(child, 0)[1] == 0
    os.close(reading)
    os.close(writing)


def test_what_dead_processes_left_is_swept(shelf: Shelf) -> None:
    fill(shelf, KEYS[0])
    for name in (f'{KEYS[1]}.abcd.part', f'{KEYS[0]}.abcd.gone', 'else.part'):
        (shelf.folder / name).mkdir()
    (shelf.folder / f'{KEYS[2]}.lock').touch()
    shelf.sweep()
    assert sorted(path.name for path in shelf.folder.iterdir()) == [KEYS[0], 'else.part']


def test_clearing(shelf: Shelf) -> None:
    fill(shelf, KEYS[0])
    (shelf.folder / 'else').touch()
    assert [entry.size for entry in shelf.clear()] == [10]
    assert [path.name for path in shelf.folder.iterdir()] == ['else']


# The folder.


def test_a_folder_is_made_for_its_user_alone(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'a' / 'b'), 'COPIES_MAX_BYTES': 7}
    shelf = open_shelf()
    assert (shelf.folder, shelf.limit) == (tmp_path / 'a' / 'b', 7)
    assert shelf.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize('mode', [0o777, 0o720])
def test_a_folder_that_others_write_into(mode: int, tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'a')}
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a').chmod(mode)
    with pytest.raises(ShelfError, match='Others'):
        open_shelf()


def test_what_is_no_folder(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'a')}
    (tmp_path / 'a').touch()
    with pytest.raises(ShelfError, match='no folder'):
        open_shelf()


@pytest.mark.skipif(os.geteuid() != 0, reason='Only root can give a folder away.')
def test_a_folder_of_another_user(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'a')}
    (tmp_path / 'a').mkdir(mode=0o700)
    os.chown(tmp_path / 'a', 12345, 12345)
    with pytest.raises(ShelfError, match='another user'):
        open_shelf()


def test_a_link_in_the_place_of_the_default_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_folder().name == f'django-large-image-{os.geteuid()}'
    (tmp_path / 'target').mkdir(mode=0o700)
    (tmp_path / 'link').symlink_to(tmp_path / 'target')
    monkeypatch.setattr(
        'django_large_image.storage.shelf.default_folder', lambda: tmp_path / 'link'
    )
    with pytest.raises(ShelfError, match='no folder'):
        open_shelf()
