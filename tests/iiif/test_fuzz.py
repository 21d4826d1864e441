"""Whatever a path says: 200, 303, 400, 404 or 501, at once, and of no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from django_large_image import metrics
from django_large_image.sources import opening
from tests import factories
from tests.testapp.models import ImageFile

pytestmark = [pytest.mark.urls('tests.iiif.services'), pytest.mark.django_db]
STATUSES = {200, 303, 400, 404, 501}
# Without a file of its own for each example.
relaxed = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

DIGITS = st.text('0123456789.,e+-_٣', max_size=24)
WORDS = st.sampled_from(
    'full max square pct: ! ^ ^! 0 1 64 90 360 nan inf 1e2 default color gray bitonal'.split()
)
PART = st.one_of(
    WORDS,
    DIGITS,
    st.text(max_size=12),
    st.lists(st.one_of(WORDS, DIGITS), max_size=4).map(''.join),
    st.tuples(*[st.integers(0, 10**20)] * 4).map(lambda four: '{},{},{},{}'.format(*four)),
    st.tuples(*[st.integers(0, 100)] * 4).map(lambda four: '{},{},{},{}'.format(*four)),
    st.integers(0, 10**30).map(lambda number: f'^{number},'),
    st.tuples(*[st.integers(0, 10**9)] * 2).map(lambda two: '^{},{}'.format(*two)),
)
LAST = st.one_of(
    PART,
    st.tuples(WORDS, st.sampled_from('jpg png tif gif webp jp2 pdf svg'.split())).map('.'.join),
    st.just('info.json'),
)
PICTURES = st.tuples(PART, PART, PART, LAST).map('/'.join)
PATHS = st.one_of(PICTURES, st.lists(PART, max_size=8).map('/'.join), st.text(max_size=60))
IDENTIFIERS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ['..', '.', '', 'scans', 'secret.tif', 'a.tif', '%2e%2e', 'file:', 'etc', 'passwd', '~',
             '/vsicurl/http:', '/vsizip/', '\\', '\0', 'x' * 300, 'http:', 'localhost']
        ),
        max_size=8,
    ).map('/'.join),
)  # fmt: skip


@pytest.fixture
def images(media_root: Path) -> Any:
    """An image in the database that lies in the folder `scans`, and one beside it."""
    instance = ImageFile(name='a')
    content = factories.raster(media_root.parent / 'a.tif', factories.gradient(64, 64))
    instance.file.save('a.tif', ContentFile(content.read_bytes()))
    (media_root / 'scans').mkdir()
    Path(instance.file.path).rename(media_root / 'scans' / 'a.tif')
    instance.file.name = 'scans/a.tif'
    instance.save()
    factories.raster(media_root / 'secret.tif', factories.gradient(32, 32))
    return instance


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The paths of all that is opened."""
    paths: set[str] = set()
    original = opening.SourceCache.get

    def get(self: Any, reference: Any, *args: Any, **kwargs: Any) -> Any:
        paths.add(reference.path)
        return original(self, reference, *args, **kwargs)

    monkeypatch.setattr(opening.SourceCache, 'get', get)
    return paths


def ask(client: Client, path: str) -> Any:
    response = client.get(quote(path, safe='/:,!^.'))
    assert response.status_code in STATUSES, (path, response.content)
    if response.status_code >= 400 and response['Content-Type'] == 'application/json':
        detail = response.json()['detail']
        assert detail
        assert '/scans' not in detail
    return response


@relaxed
@given(path=PATHS, version=st.sampled_from('23'))
@example(path='full/^99999999999,/0/default.jpg', version='3')
@example(path='full/^8000,8000/0/default.tif', version='3')
@example(path='full/9999999999,1/45/default.png', version='2')
@example(path='0,0,64,64/4096,4096/0/default.jpg', version='2')
@example(path=f'pct:{"1" * 100_000},0,1,1/max/0/default.jpg', version='3')
@example(path=f'full/{"1" * 100_000},/{"9" * 100_000}/default.jpg', version='3')
def test_paths_of_an_image(images: Any, client: Client, path: str, version: str) -> None:
    ask(client, f'/iiif/{version}/{images.pk}/{path}')
    ask(client, f'/names/{version}/scans/a.tif/{path}')


@relaxed
@given(identifier=IDENTIFIERS, tail=st.sampled_from(['', '/info.json', '/full/max/0/default.png']))
@example(identifier='../secret.tif', tail='/info.json')
@example(identifier='%2e%2e/secret.tif', tail='/info.json')
@example(identifier='9' * 4000, tail='/info.json')
@example(identifier='9' * 100_000, tail='/full/max/0/default.png')
@example(identifier='9' * 19, tail='/full/max/0/default.png')
@example(identifier='\0', tail='/info.json')
@example(identifier='file:///etc/passwd', tail='/full/max/0/default.png')
@example(identifier='/'.join('a' * 3000), tail='/info.json')
def test_identifiers_lead_to_no_other_file(
    images: Any, client: Client, opened: set[str], media_root: Path, identifier: str, tail: str
) -> None:
    for service in ('iiif', 'names', 'folder', 'slugs', 'described'):
        response = ask(client, f'/{service}/2/{identifier}{tail}')
        if response.status_code == 200 and tail.endswith('png'):
            assert response.content
    assert opened <= {str(media_root / 'scans' / 'a.tif')}


def test_the_files_that_are_there(
    images: Any, client: Client, opened: set[str], media_root: Path
) -> None:
    """The test above would see them."""
    paths = {str(media_root / 'scans' / 'a.tif')}
    assert client.get('/folder/3/a.tif/info.json').status_code == 200
    assert opened == paths
    assert client.get('/names/3/scans%2F..%2Fsecret.tif/info.json').status_code == 404
    assert client.get('/folder/3/..%2Fsecret.tif/info.json').status_code == 404
    assert opened == paths


@relaxed
@given(
    width=st.integers(4097, 10**40), form=st.sampled_from(['^{},', '^,{}', '^{0},{0}', '^pct:{}00'])
)
def test_sizes_that_would_explode_are_refused_before_reading(
    images: Any, client: Client, settings: Any, width: int, form: str
) -> None:
    settings.LARGE_IMAGE = {'METRICS': True, 'TILE_CACHE': False}
    metrics.reset()
    response = ask(client, f'/iiif/3/{images.pk}/full/{form.format(width)}/0/default.jpg')
    assert response.status_code == 400
    assert 'read' not in {name for (name,) in metrics.counters()[metrics.SECONDS]}
