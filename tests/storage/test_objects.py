"""Objects of any store, by ranges of one version: whose they are, and that versions never meet."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.handles import HandlePool, configured, open_dataset
from django_large_image.storage import objects
from django_large_image.storage.answers import Answer
from django_large_image.storage.objects import Version, object_reference
from django_large_image.storage.versions import _versions
from tests import factories


class Shelf:
    """A store whose objects are bytes; it knows conditions, unless it is careless."""

    def __init__(self, label, careless=False, told=('etag', 'last-modified')):
        self.label, self.careless, self.told = label, careless, told
        self.contents, self.asked, self.error = {}, [], None

    def headers(self, key):
        content = self.contents[key]
        known = {'etag': f'"{hash(content)}"', 'last-modified': f'{hash(content)} GMT'}
        return {name: known[name] for name in self.told}

    def head(self, key):
        self.asked.append('HEAD')
        length = str(len(self.contents[key]))
        return Answer(200, {**self.headers(key), 'content-length': length})

    def get(self, key, version, start, end):
        self.asked.append((start, end))
        if self.error is not None:
            raise self.error
        headers, content = self.headers(key), self.contents[key]
        if not self.careless and version.conditions.get('If-Match', headers.get('etag')) != (
            headers.get('etag')
        ):
            raise BusyError('The image was replaced while it was read.')
        given = f'bytes {start}-{end - 1}/{len(content)}'
        return Answer(206, {**headers, 'content-range': given}, content[start:end])


@pytest.fixture(autouse=True)
def fresh(settings):
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 3600}
    _versions.reset()


@pytest.fixture
def written(tmp_path):
    """`written(value)`: the bytes of an image of one value."""

    def write(value, name='a.tif'):
        data = np.full((1, 512, 512), value, 'uint8')
        options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128}
        return factories.raster(tmp_path / name, data, options=options).read_bytes()

    return write


def reference_of(shelf, key='a.tif'):
    return object_reference(shelf, key, f'{shelf.label}/{key}', key)


def values(reference):
    with configured(reference.options):
        return set(np.unique(open_dataset(reference.path, reference.options).ReadAsArray()))


def test_an_object_is_read_in_the_version_of_its_reference(written):
    shelf = Shelf('one')
    shelf.contents['a.tif'] = written(10)
    reference = reference_of(shelf)
    assert values(reference) == {10}
    assert reference == reference_of(shelf)
    assert shelf.asked[:2] == ['HEAD', (0, 16384)]
    assert shelf.asked.count('HEAD') == 1


@pytest.mark.parametrize('told', [('etag', 'last-modified'), ('last-modified',), ('etag',)])
@pytest.mark.parametrize('careless', [False, True])
def test_one_that_was_replaced_is_refused_and_asked_for_anew(written, told, careless):
    shelf = Shelf('replaced', careless or 'etag' not in told, told)
    shelf.contents['a.tif'] = written(10)
    reference = reference_of(shelf)
    pool = HandlePool(reference.path, None, reference.options)
    with pool.borrow() as dataset:
        assert dataset.ReadAsArray(0, 0, 1, 1) == 10
    shelf.contents['a.tif'] = written(200)
    with pytest.raises(BusyError, match='replaced'), pool.borrow() as dataset:
        dataset.ReadAsArray()
    after = reference_of(shelf)
    assert after.version != reference.version
    assert after.path == reference.path
    assert values(after) == {200}


def test_without_a_validator_each_look_finds_another_version(written):
    shelf = Shelf('bare', told=())
    shelf.contents['a.tif'] = written(10)
    before = reference_of(shelf)
    assert reference_of(shelf).version == before.version
    _versions.reset()
    assert reference_of(shelf).version != before.version


def test_two_who_ask_share_no_byte(written):
    ours, theirs = Shelf('ours'), Shelf('theirs')
    ours.contents['a.tif'], theirs.contents['a.tif'] = written(10), written(200)
    for _ in range(2):
        assert values(reference_of(ours)) == {10}
        assert values(reference_of(theirs)) == {200}
    assert reference_of(ours).path != reference_of(theirs).path


def test_a_reference_of_another_process_is_refused(written):
    shelf = Shelf('elsewhere')
    shelf.contents['a.tif'] = written(10)
    reference = reference_of(shelf)
    objects._objects.reset()
    with pytest.raises(UnreadableError, match='not known in this process'):
        open_dataset(reference.path, reference.options)
    assert values(reference_of(shelf)) == {10}


def test_handles_of_one_version_share_its_bytes(written):
    shelf = Shelf('shared')
    shelf.contents['a.tif'] = written(10)
    reference = reference_of(shelf)
    kept = [open_dataset(reference.path, reference.options) for _ in range(3)]
    assert shelf.asked == ['HEAD', (0, 16384)]
    del kept
    gc.collect()
    open_dataset(reference.path, reference.options)
    assert shelf.asked == ['HEAD', (0, 16384), (0, 16384)]


def test_a_failure_is_not_kept(written):
    shelf = Shelf('failing')
    shelf.contents['a.tif'] = written(10)
    reference = reference_of(shelf)
    for shelf.error in (BusyError('down'), UnreadableError('no')):
        with pytest.raises(type(shelf.error), match=str(shelf.error)):
            values(reference)
    shelf.error = None
    assert values(reference) == {10}
    # The store may have been in trouble because of another version.
    assert reference_of(shelf) == reference
    assert shelf.asked.count('HEAD') == 2


def test_a_path_opens_nothing_without_its_reference(written):
    shelf = Shelf('hidden')
    shelf.contents |= {'a.tif': written(10), 'b.tif': written(20)}
    reference, other = reference_of(shelf), reference_of(shelf, 'b.tif')
    shelf.asked.clear()
    with pytest.raises(RuntimeError):
        gdal.Open(reference.path)
    with pytest.raises(UnreadableError):
        open_dataset(reference.path, other.options)
    assert shelf.asked == []


def test_stores_that_nobody_uses_are_forgotten(written, monkeypatch):
    monkeypatch.setattr(objects, '_MAX_STORES', 2)
    shelves = [Shelf(f'shelf {number}') for number in range(3)]
    for shelf in shelves:
        shelf.contents['a.tif'] = written(10)
    references = [reference_of(shelf) for shelf in shelves]
    assert values(references[2]) == {10}
    with pytest.raises(UnreadableError):
        values(references[0])
    assert values(reference_of(shelves[0])) == {10}


@pytest.mark.parametrize(
    ('headers', 'conditions'),
    [
        ({'etag': '"1"', 'last-modified': 'then'}, {'If-Match': '"1"'}),
        ({'etag': 'W/"1"', 'last-modified': 'then'}, {'If-Unmodified-Since': 'then'}),
        ({'last-modified': 'then'}, {'If-Unmodified-Since': 'then'}),
        ({'etag': 'W/"1"'}, {}),
        ({}, {}),
    ],
)
def test_conditions(headers, conditions):
    version = Version.told_by(Answer(200, {**headers, 'content-length': '5'}))
    assert version.conditions == conditions


def test_what_tells_versions_apart():
    def digest(**headers):
        told = {
            'content-length': '5',
            **{name.replace('_', '-'): headers[name] for name in headers},
        }
        return Version.told_by(Answer(200, told)).digest

    # The same bytes that were stored again are the same.
    assert digest(etag='"1"', last_modified='then') == digest(etag='"1"', last_modified='now')
    assert digest(etag='"1"', x_amz_version_id='null') == digest(etag='"1"')
    different = [
        *(digest(etag='"1"'), digest(etag='"2"'), digest(etag='"1"', content_length='6')),
        *(digest(etag='"1"', x_amz_version_id='a'), digest(etag='"1"', x_amz_version_id='b')),
        *(digest(last_modified='then'), digest(last_modified='now'), digest(), digest()),
    ]
    assert len(set(different)) == len(different)
    with pytest.raises(UnreadableError, match='size'):
        digest(content_length='')
