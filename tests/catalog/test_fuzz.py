"""Whatever a path, a query or a body says: an answer, or a message why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from django_large_image.catalog import api
from tests.catalog.scenes import ROOT, TILE, make, samples

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DAY = '2024-05-31'
# Without a catalogue of its own for each example.
relaxed = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

WORDS = st.sampled_from(
    """S2 2024-05-31 B04 B08 lost * ** v1 p2 p98 nan NaN Infinity -1 0 1 2 1e999 null true [] {} [1
    [0,1] [1,0] [null,null] ["p2","p98"] ["p101",1] [64,64] [0,256] [1000000,1000000] [2.5,2]
    {"1":"red"} [[[1,null],"00ff00"]] {"a":1} viridis greys explicit cloud colortable first mean
    nearest bilinear gamma sigmoidal saturation __import__("os") B04.shape 9**9**9**9 B04/0
    (B08-B04)/(B08+B04) where(B04>1,B08,nan) date band sensor .. / ../.. 2024-01-01/.. 5,45,15,55
    1,2,3 170,0,-170,10 false columns ["bounds"] ["keys"] [[]] [{}] 99999999999999999999""".split()
)
TEXT = st.one_of(
    WORDS,
    st.text(max_size=12),
    st.lists(WORDS, min_size=2, max_size=4).map(','.join),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(-300, 300), st.floats(), st.text(max_size=3)
        ),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ).map(json.dumps),
)
NAMES = st.sampled_from(
    """stretch_range colormap explicit_color_map color_transform tile_size resampling rule key r g b
    r_range g_range b_range expression v1 v2 v5 num_values lon lat limit page bbox time order_by
    ascending total columns sensor date band date__gte date__lt band__gt __gte x""".split()
)
QUERIES = st.lists(st.tuples(NAMES, TEXT), max_size=5)
# What makes most of the parameters of a layer right, so that the rest is looked at.
RIGHT = {
    'singleband': (f'S2/{DAY}/B04', {}),
    'rgb': (f'S2/{DAY}', {'r': 'B04', 'g': 'B08', 'b': 'B04'}),
    'compute': (f'S2/{DAY}', {'expression': 'B04+B08', 'stretch_range': '[0,1]'}),
}
PLACES = st.one_of(
    st.sampled_from(
        [TILE, 'preview.png', 'tilejson.json', '0/0/0.png', '10/0/0.webp', 'preview.x']
    ),
    st.tuples(*[st.integers(0, 2**70)] * 3).map(lambda zxy: '{}/{}/{}.png'.format(*zxy)),
    st.tuples(st.integers(0, 32), *[st.integers(0, 9)] * 2).map('{0[0]}/{0[1]}/{0[2]}.png'.format),
    st.tuples(*[st.integers(-3, 3) | st.floats(-40, 40)] * 3).map(
        '{0[0]}/{0[1]}/{0[2]}.png'.format
    ),
)
KEYS = st.lists(TEXT, min_size=1, max_size=4).map('/'.join)


@pytest.fixture(autouse=True)
def scenes(settings: Any, tmp_path: Path) -> Path:
    """Two bands, and one whose raster vanished before it was measured."""
    folder = tmp_path / 'rasters'
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(folder)], 'TILE_CACHE': False, 'TILE_SIZE': 32}
    make(folder, {('S2', DAY, band): samples(number) for number, band in enumerate(('B04', 'B08'))})
    api.insert('scenes', ['S2', DAY, 'lost'], 'lost.tif', measured=False)
    return folder


def checked(response: Any, asked: str) -> Any:
    """An answer, which has to be one of those that clients know."""
    assert response.status_code in (200, 301, 400, 404), (asked, response.content[:300])
    if response.status_code >= 400:
        assert response['Content-Type'] == 'application/json', asked
        assert set(response.json()) == {'message'}, asked
        assert response.json()['message'], asked
        assert '/rasters' not in response.json()['message'], asked
    elif response['Content-Type'] == 'application/json':
        # Numbers that JSON does not have would be no answer.
        json.loads(response.content, parse_constant=lambda name: pytest.fail(f'{asked}: {name}'))
    return response


def ask(client: Client, path: str, query: Any = ()) -> Any:
    """Ask for a path of the catalogue that it has a view for, whatever is in it."""
    url = f'{ROOT}/{quote(path)}'
    assume('//' not in url)
    text = urlencode(list(query), errors='surrogatepass')
    return checked(client.get(f'{url}?{text}'), f'{url}?{text}')


@relaxed
@given(layer=st.sampled_from(sorted(RIGHT)), place=PLACES, query=QUERIES)
@example(layer='singleband', place='0/0/0.png', query=[('tile_size', '[0,0]')])
@example(layer='singleband', place='99999/1/1.png', query=[])
@example(layer='singleband', place='-1/1/1.png', query=[])
@example(layer='rgb', place='1/-1/1.5.png', query=[])
@example(layer='compute', place='1e-05/1/1.png', query=[])
@example(layer='compute', place=TILE, query=[('expression', '(' * 5000)])
@example(layer='compute', place=TILE, query=[('expression', '-' * 5000 + '1')])
@example(layer='compute', place=TILE, query=[('expression', '2**2**B04')])
@example(layer='rgb', place=TILE, query=[('key', 'date'), ('r', '1'), ('g', '*'), ('b', '')])
def test_pictures(client: Client, layer: str, place: str, query: list[tuple[str, str]]) -> None:
    keys, right = RIGHT[layer]
    ask(client, f'{layer}/{keys}/{place}', {**right, **dict(query)}.items())


@relaxed
@given(
    view=st.sampled_from('singleband rgb compute metadata point legend colormap'.split()),
    keys=KEYS,
    place=PLACES,
    query=QUERIES,
)
@example(view='metadata', keys='S2/2024-05-31/lost', place='', query=[])
@example(view='singleband', keys='S2/*/lost', place=TILE, query=[])
@example(view='point', keys='*/*/*', place='', query=[('lon', '1'), ('lat', '1')])
def test_keys(
    client: Client, view: str, keys: str, place: str, query: list[tuple[str, str]]
) -> None:
    # What is another path to Django's test client.
    assume(not {'.', '..'} & set(keys.split('/')))
    path = f'{view}/{keys}'
    ask(client, f'{path}/{place}' if view in RIGHT else path, query)


@relaxed
@given(view=st.sampled_from('keys datasets colormap legend'.split()), query=QUERIES)
def test_searches_and_legends(client: Client, view: str, query: list[tuple[str, str]]) -> None:
    ask(client, view, query)


@relaxed
@given(path=st.one_of(KEYS, st.text(min_size=1)), post=st.booleans())
@example(path='metadata/', post=False)
@example(path='\n', post=False)
def test_paths(client: Client, path: str, post: bool) -> None:
    assume(not {'.', '..'} & set(path.split('/')))
    url = f'{ROOT}/{quote(path)}'
    response = client.post(url) if post else client.get(url)
    assert checked(response, url).status_code in (200, 301, 400, 404)


BODIES = st.one_of(
    st.text(max_size=40),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=2),
        max_leaves=8,
    ).map(lambda value: json.dumps({'keys': value})),
)


@relaxed
@given(body=BODIES, query=QUERIES)
@example(body=json.dumps({'keys': [['S2', DAY, 'lost']]}), query=[])
@example(body=json.dumps({'keys': [['S2', DAY, 10**400]]}), query=[])
@example(body='{"keys": [["S2", "2024-05-31", NaN]]}', query=[])
@example(body='\0', query=[])
def test_bodies(client: Client, body: str, query: list[tuple[str, str]]) -> None:
    url = f'{ROOT}/metadata?{urlencode(query, errors="surrogatepass")}'
    data = body.encode('utf-8', 'surrogatepass')
    checked(client.post(url, data, 'application/json'), f'{url} {body}')
