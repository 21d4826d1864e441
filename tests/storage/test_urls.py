"""URLs in, references out: what is asked of the server, and that versions are never mixed."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources import decoded, extents
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.storage.paths import path_reference
from django_large_image.storage.urls import ImageURLField, url_reference
from tests import factories

SIZE = 2048
BLOCK = 256


def noise(seed: int = 0, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (bands, SIZE, SIZE), 'uint8')


def cog(path: Path, seed: int = 0, **options: object) -> Path:
    """Write an image with pixels of `noise`; a block of it is as large as its pixels."""
    chosen = {'COMPRESS': 'DEFLATE', 'BLOCKSIZE': BLOCK, **options}
    return factories.raster(path, noise(seed), driver='COG', options=chosen)


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    return cog(tmp_path_factory.mktemp('images') / 'image.tif')


@pytest.fixture(scope='module')
def header(image):
    """The bytes before the first block."""
    dataset = gdal.Open(str(image))
    band = dataset.GetRasterBand(1)
    last = band.GetOverview(band.GetOverviewCount() - 1)
    return int(last.GetMetadataItem('BLOCK_OFFSET_0_0', 'TIFF')) - 4


def block_bytes(path: Path, columns: range, rows: range) -> int:
    """Return the bytes of blocks of the full resolution."""
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    return sum(
        int(band.GetMetadataItem(f'BLOCK_SIZE_{x}_{y}', 'TIFF')) for x in columns for y in rows
    )


@pytest.fixture
def site(nginx, settings):
    """A real server that may be asked; its log begins here."""
    settings.LARGE_IMAGE = {'URL_PREFIXES': [nginx.url], 'VERSION_MAX_AGE': 3600}
    for old in nginx.files.iterdir():
        old.unlink()
    nginx.asked()
    yield nginx
    close_sources()


@pytest.fixture
def placed(site, image):
    """Put the image at an address of its own."""
    count = iter(range(100))

    def place(source: Path = image) -> str:
        name = f'{os.urandom(4).hex()}-{next(count)}{source.suffix}'
        (site.files / name).write_bytes(source.read_bytes())
        return site.url + name

    return place


def asked(site) -> list[tuple[str, int]]:
    """Return method and bytes of what the server was asked, every GET of which had a range."""
    found = site.asked()
    assert all(one.range and one.status == 206 for one in found if one.method == 'GET')
    return [(one.method, one.size) for one in found]


def read(reference, box, size=None):
    x, y, width, height = box
    reader = reader_of(open_source(reference))
    raster = reader.read_window((x, y, x + width, y + height), size or (width, height))
    return np.asarray(raster.data)[..., :3]


def test_a_first_tile_takes_a_head_and_a_get_for_the_header_and_one_for_each_row(
    site, placed, image, header
):
    reference = url_reference(placed())
    open_source(reference)
    assert [method for method, _ in asked(site)] == ['HEAD', 'GET']
    # Blocks 2 to 4 across and 1 to 3 down.
    data = read(reference, (600, 300, 600, 600))
    assert np.array_equal(data, noise()[:, 300:900, 600:1200].transpose(1, 2, 0))
    answers = asked(site)
    assert [method for method, _ in answers] == ['GET'] * 3
    needed = block_bytes(image, range(2, 5), range(1, 4))
    assert sum(size for _, size in answers) + 16384 <= 1.3 * (needed + header)


def test_a_neighbour_takes_its_new_blocks_and_the_same_tile_nothing(site, placed, image):
    reference = url_reference(placed())
    read(reference, (0, 0, 512, 512))
    asked(site)
    read(reference, (0, 0, 512, 512))
    read(reference, (10, 20, 400, 300), (800, 600))
    assert asked(site) == []
    # The lower half is new.
    read(reference, (0, 256, 512, 512))
    ((method, size),) = asked(site)
    # Beside a block stand a few bytes before and after.
    needed = block_bytes(image, range(2), range(2, 3))
    assert method == 'GET'
    assert needed <= size <= needed + 64
    # The right half is, of two rows.
    read(reference, (256, 0, 512, 512))
    assert [method for method, _ in asked(site)] == ['GET'] * 2


def test_another_handle_asks_for_nothing_anew(site, placed):
    reference = url_reference(placed())
    first = read(reference, (0, 0, 512, 512))
    asked(site)
    reader = reader_of(open_source(reference))
    with reader.pool(None).borrow(), reader.pool(None).borrow():
        pass
    close_sources()
    assert np.array_equal(read(reference, (0, 0, 512, 512)), first)
    # Decoded blocks are those of the version; the header is gone with the last handle.
    assert [method for method, _ in asked(site)] in (['GET'], [])


def test_a_huge_object_takes_no_more_requests_than_a_small_one(site, tmp_path):
    counts = []
    for side in (2048, 32768):
        path = site.files / f'{side}-{os.urandom(4).hex()}.tif'
        dataset = gdal.GetDriverByName('GTiff').Create(
            str(path), side, side, 1, options=['TILED=YES', 'BLOCKXSIZE=512', 'BLOCKYSIZE=512']
        )
        dataset.GetRasterBand(1).WriteArray(noise()[0, :512, :512])
        dataset = None
        # Sparse: the file system holds hardly a block of it.
        os.truncate(path, max(path.stat().st_size, side * side))
        path.chmod(0o644)
        reference = url_reference(site.url + path.name)
        reader = reader_of(open_source(reference))
        data = np.asarray(reader.read_window((0, 0, 512, 512), (512, 512)).data)[..., 0]
        assert np.array_equal(data, noise()[0, :512, :512])
        counts.append(asked(site))
    assert path.stat().st_size >= 1024**3
    assert [[method for method, _ in count] for count in counts] == [['HEAD', 'GET', 'GET']] * 2
    assert sum(size for _, size in counts[1]) < 1024 * 1024


def test_fifty_clients_of_one_new_file_download_each_block_once(site, placed, image, header):
    url = placed()
    results, barrier = [], threading.Barrier(50)

    def visit(number: int) -> None:
        barrier.wait()
        box = (256 * (number % 5), 256 * (number % 3), 512, 512)
        data = read(url_reference(url), box)
        want = noise()[:, box[1] : box[1] + 512, box[0] : box[0] + 512].transpose(1, 2, 0)
        results.append(np.array_equal(data, want))

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 50
    answers = asked(site)
    assert [method for method, _ in answers].count('HEAD') == 1
    blocks = block_bytes(image, range(6), range(4))
    assert sum(size for _, size in answers) <= 1.05 * (blocks + 16384)


def test_jpeg2000_is_read_by_tiles(site, placed, tmp_path):
    if gdal.GetDriverByName('JP2OpenJPEG') is None:
        pytest.skip('This GDAL reads no JPEG 2000.')
    options = {'QUALITY': 100, 'REVERSIBLE': 'YES', 'BLOCKXSIZE': 512, 'BLOCKYSIZE': 512}
    path = factories.raster(tmp_path / 'image.jp2', noise(), driver='JP2OpenJPEG', options=options)
    reference = url_reference(placed(path))
    assert np.array_equal(
        read(reference, (600, 0, 300, 300)), noise()[:, :300, 600:900].transpose(1, 2, 0)
    )
    # One tile of 16.
    assert sum(size for _, size in asked(site)) < path.stat().st_size / 8


def test_a_file_without_overviews_or_tiles_is_read_by_ranges_too(site, placed, tmp_path):
    path = factories.raster(tmp_path / 'plain.tif', noise(bands=1))
    reference = url_reference(placed(path))
    reader = reader_of(open_source(reference))
    data = np.asarray(reader.read_window((100, 1000, 356, 1256), (256, 256)).data)[..., 0]
    assert np.array_equal(data, noise(bands=1)[0, 1000:1256, 100:356])
    assert [method for method, _ in asked(site)].count('GET') <= 3


def test_the_version_is_that_of_the_server(site, placed, settings):
    url = placed()
    reference = url_reference(url)
    assert reference == url_reference(url)
    assert reference == pickle.loads(pickle.dumps(reference))
    assert [method for method, _ in asked(site)] == ['HEAD']
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'VERSION_MAX_AGE': 0}
    assert url_reference(url) == reference
    assert [method for method, _ in asked(site)] == ['HEAD']
    path = site.files / url.rpartition('/')[2]
    cog(path, seed=1)
    path.chmod(0o644)
    assert url_reference(url).version not in ('', reference.version)


def test_a_replaced_image_is_read_anew(site, placed, settings):
    settings.LARGE_IMAGE = {**settings.LARGE_IMAGE, 'VERSION_MAX_AGE': 0}
    url = placed()
    for seed in (0, 1, 2):
        path = site.files / url.rpartition('/')[2]
        cog(path, seed=seed)
        path.chmod(0o644)
        data = read(url_reference(url), (0, 0, 300, 300))
        assert np.array_equal(data, noise(seed)[:, :300, :300].transpose(1, 2, 0))


def test_one_replaced_between_two_reads_gives_no_byte_of_both(site, placed):
    url = placed()
    read(url_reference(url), (0, 0, 256, 256))
    path = site.files / url.rpartition('/')[2]
    cog(path, seed=1)
    path.chmod(0o644)
    with pytest.raises(BusyError, match='replaced'):
        read(url_reference(url), (512, 512, 256, 256))
    data = read(url_reference(url), (512, 512, 256, 256))
    assert np.array_equal(data, noise(1)[:, 512:768, 512:768].transpose(1, 2, 0))


@pytest.fixture
def careless(web, settings, image):
    """A server that goes wrong, with the image and a replacement."""
    settings.LARGE_IMAGE = {
        'URL_PREFIXES': [web.url],
        'VERSION_MAX_AGE': 3600,
        'REMOTE_TIMEOUT': 1,
    }
    web.files |= {'a.tif': image.read_bytes(), 'b.tif': image.read_bytes()}
    return web


@pytest.mark.parametrize('validators', [('ETag',), ('Last-Modified',), ()])
def test_nor_does_a_server_that_ignores_conditions(careless, tmp_path, validators):
    careless.validators = validators
    careless.files['other.tif'] = cog(tmp_path / 'other.tif', 1, COMPRESS='LZW').read_bytes()
    reference = url_reference(careless.url + 'a.tif')
    read(reference, (0, 0, 256, 256))
    careless.fault = 'replaced other.tif'
    with pytest.raises(BusyError, match='replaced'):
        read(reference, (512, 512, 256, 256))


@pytest.mark.parametrize(
    ('fault', 'error'),
    [
        ('status 403', UnreadableError),
        ('status 404', UnreadableError),
        *((fault, BusyError) for fault in ('status 500', 'stall', 'short', 'drop', 'silent')),
    ],
)
@pytest.mark.parametrize('moment', ['HEAD', 'open', 'read'])
def test_a_fault_is_told_nothing_of_it_kept_and_others_not_harmed(careless, moment, fault, error):
    if moment == 'HEAD' and fault in ('stall', 'short'):
        pytest.skip('A HEAD has no body.')
    url = careless.url + 'a.tif'
    other = url_reference(careless.url + 'b.tif')
    box = (256, 256, 400, 400)
    want = noise()[:, 256:656, 256:656].transpose(1, 2, 0)
    read(other, (0, 0, 100, 100))
    if moment == 'read':
        open_source(url_reference(url))
    careless.fault = fault
    careless.faulty = ('HEAD', 'GET') if moment == 'HEAD' else ('GET',)
    for _ in range(2):
        with pytest.raises(error):
            read(url_reference(url), box)
    assert np.array_equal(read(other, (0, 0, 100, 100)), noise()[:, :100, :100].transpose(1, 2, 0))
    careless.fault = ''
    assert np.array_equal(read(url_reference(url), box), want)
    assert np.array_equal(read(other, box), want)


def test_a_redirect_that_ran_out_is_followed_anew(careless):
    careless.redirects['moved.tif'] = '/a.tif'
    reference = url_reference(careless.url + 'moved.tif')
    open_source(reference)
    careless.files['new.tif'] = careless.files.pop('a.tif')
    careless.redirects['moved.tif'] = '/new.tif'
    assert read(reference, (0, 0, 300, 300)).shape == (300, 300, 3)


def test_secrets_are_in_no_key_and_no_log(careless, caplog):
    caplog.set_level(logging.DEBUG)
    url = careless.url.replace('//', '//user:w%40rd@') + 'a.tif?signature=secret'
    reference = url_reference(url)
    read(reference, (0, 0, 300, 300))
    careless.fault = 'status 500'
    with pytest.raises(BusyError):
        read(reference, (600, 600, 300, 300))
    careless.fault, careless.files['a.tif'] = '', b'no image'
    with pytest.raises(UnreadableError):
        open_source(url_reference(careless.url + 'a.tif?signature=secret'))
    told = repr(reference) + str(reference) + str(reference.identity) + caplog.text
    assert 'w%40rd' not in told
    assert 'secret' not in told
    assert reference.name == 'a.tif'
    # Another signature is another address: what it gives may be another image.
    assert (
        url_reference(careless.url + 'b.tif?v=1').path
        != url_reference(careless.url + 'b.tif?v=2').path
    )


def test_what_a_hook_gives_obeys_the_same_rules(careless):
    url = careless.url + 'a.tif'
    reference = url_reference(url)
    assert path_reference(url) == path_reference(f'/vsicurl/{url}') == reference
    assert path_reference(f'/vsicurl?max_retry=1&url={url}') == reference


def test_a_path_without_its_reference_opens_nothing(careless):
    reference = url_reference(careless.url + 'a.tif')
    careless.asked.clear()
    with pytest.raises(RuntimeError):
        gdal.Open(reference.path)
    assert careless.asked == []


def test_a_field_takes_what_the_settings_allow(careless):
    field = ImageURLField()
    assert field.max_length == 2000
    assert field.clean(careless.url + 'a.tif', None) == careless.url + 'a.tif'
    with pytest.raises(ValidationError, match='not allowed'):
        field.clean('https://example.org/a.tif', None)


def test_memory_stays_bounded(site, placed, monkeypatch):
    monkeypatch.setattr(extents, '_KEPT_BYTES', 1024 * 1024)
    reference = url_reference(placed())
    read(reference, (0, 0, SIZE, SIZE))
    assert extents._kept._bytes <= 1024 * 1024 or len(extents._kept._extents) == 1


def test_blocks_are_kept_by_version(site, placed):
    reference = url_reference(placed())
    first = reader_of(open_source(reference)).description.identity
    close_sources()
    assert reader_of(open_source(reference)).description.identity == first
    assert reference.version in first.stamp[0]
    assert isinstance(first, decoded.Identity)


ENVIRONMENT = {
    'AWS_HTTPS': 'NO',
    'AWS_VIRTUAL_HOSTING': 'FALSE',
    'AWS_ACCESS_KEY_ID': 'ROOTKEY',
    'AWS_SECRET_ACCESS_KEY': 'root-secret',
}
IN_BUCKET = 's3://urls/dir/an%20image.tif'


@pytest.fixture(params=['environment', 'GDAL'])
def bucket(request, settings, image, monkeypatch):
    """A store in the cloud whose access is in the environment, or in GDAL's configuration; it has
    the image.
    """
    pytest.importorskip('moto')
    from tests.servers.s3 import S3Server

    server = S3Server()
    server.start()
    client = server.client()
    client.create_bucket(Bucket='urls')
    client.upload_file(str(image), 'urls', 'dir/an image.tif')
    settings.LARGE_IMAGE = {'URL_PREFIXES': ['s3://urls/dir/'], 'VERSION_MAX_AGE': 0}
    environment = {**ENVIRONMENT, 'AWS_S3_ENDPOINT': server.host}
    for name, value in environment.items():
        if request.param == 'GDAL':
            monkeypatch.delenv(name, raising=False)
            gdal.SetConfigOption(name, value)
        else:
            monkeypatch.setenv(name, value)
    yield server
    close_sources()
    for name in environment:
        gdal.SetConfigOption(name, None)
    server.stop()


@pytest.mark.parametrize(
    ('make', 'folder'),
    [
        (lambda: url_reference(IN_BUCKET), '/vsiranges/'),
        (lambda: path_reference(IN_BUCKET), '/vsiranges/'),
        (lambda: path_reference('/vsis3/urls/dir/an image.tif'), '/vsis3/'),
    ],
)
def test_an_address_in_the_cloud(bucket, tmp_path, make, folder):
    """What GDAL calls `/vsis3/` it reads itself."""
    with bucket.counting() as log:
        reference = make()
        data = read(reference, (600, 300, 600, 600))
    assert reference.path.startswith(folder)
    assert (reference.path[-22:], reference.name) == ('/urls/dir/an image.tif', 'an image.tif')
    assert np.array_equal(data, noise()[:, 300:900, 600:1200].transpose(1, 2, 0))
    assert all(one.range for one in log if one.method == 'GET')
    if folder == '/vsiranges/':
        assert [one.method for one in log] == ['HEAD', *['GET'] * 4]
    assert make() == reference
    bucket.client().upload_file(str(cog(tmp_path / 'b.tif', 1)), 'urls', 'dir/an image.tif')
    replaced = make()
    assert replaced.version != reference.version
    data = read(replaced, (600, 300, 600, 600))
    assert np.array_equal(data, noise(1)[:, 300:900, 600:1200].transpose(1, 2, 0))


def test_faults_in_the_cloud(bucket):
    for missing in ('s3://urls/dir/none.tif', 's3://urls/other.tif', 's3://others/dir/a.tif'):
        with pytest.raises(UnreadableError):
            url_reference(missing)
    for status, error in ((403, UnreadableError), (500, BusyError), (503, BusyError)):
        for make in (url_reference, path_reference):
            with bucket.answering(status), pytest.raises(error):
                make(IN_BUCKET)
    assert url_reference(IN_BUCKET).version


def test_without_signatures(bucket, monkeypatch):
    bucket.client().put_object_acl(Bucket='urls', Key='dir/an image.tif', ACL='public-read')
    monkeypatch.setenv('AWS_NO_SIGN_REQUEST', 'YES')
    with pytest.raises(UnreadableError):
        url_reference(IN_BUCKET)
    bucket.public.add('urls')
    with bucket.counting() as log:
        assert read(url_reference(IN_BUCKET), (0, 0, 100, 100)).shape == (100, 100, 3)
    assert {one.signed_by for one in log} == {''}


def test_without_boto3_gdal_reads_what_is_in_s3(bucket, monkeypatch):
    monkeypatch.setattr('django_large_image.storage.urls.find_spec', lambda name: None)
    reference = url_reference(IN_BUCKET)
    assert reference.path == '/vsis3/urls/dir/an image.tif'
    assert read(reference, (0, 0, 100, 100)).shape == (100, 100, 3)
