"""What tells the bytes of a file from those that were there before."""

from __future__ import annotations

import os

import pytest

from django_large_image.sources.stamp import Stamp


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'one')
    os.utime(path, ns=(0, 10**18 + 1))
    return path


def test_it_says_what_the_file_system_knows(path):
    stamp, status = Stamp.of(os.stat(path)), os.stat(path)
    assert (stamp.size, stamp.modified, stamp.inode) == (3, 10**18 + 1, status.st_ino)
    assert stamp.version == f'de0b6b3a7640001-3-{status.st_ino:x}'
    assert stamp == Stamp.of(os.stat(path))


def test_other_bytes_have_another_content_and_version(path):
    former = Stamp.of(os.stat(path))
    path.write_bytes(b'four')
    longer = Stamp.of(os.stat(path))
    other = path.with_name('b')
    other.write_bytes(b'two')
    os.utime(other, ns=(0, former.modified))
    other.replace(path)
    moved = Stamp.of(os.stat(path))
    assert len({former.content, longer.content, moved.content}) == 3
    assert len({former.version, longer.version, moved.version}) == 3


def test_links_and_permissions_change_neither(path):
    former = Stamp.of(os.stat(path))
    os.link(path, path.with_name('link'))
    path.chmod(0o600)
    later = Stamp.of(os.stat(path))
    assert later.changed >= former.changed
    assert later._replace(changed=0) == former._replace(changed=0)
    assert (later.content, later.version) == (former.content, former.version)
