"""The harness: what it reads of the load generator, compares, and asks its peers."""

from __future__ import annotations

from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from benchmarks.__main__ import parse
from benchmarks.answers import Answer, difference, thumbnail
from benchmarks.cases import CASES
from benchmarks.environments import UnavailableError, program, run
from benchmarks.load import Load
from benchmarks.load import parse as parse_load
from benchmarks.peers import PEERS, Iipsrv, Ours, Terracotta, Titiler
from benchmarks.servers import proportional_size
from benchmarks.tiles import Tile

BY_NAME = {case.name: case for case in CASES}


def test_load_is_read_among_the_lines_of_the_generator():
    output = (
        'Running 10m test @ http://127.0.0.1:1\n'
        'RESULT {"served": 800, "seconds": 4.0, "p50": 2.5, "p99": 9.0, "bytes": 1000.5, '
        '"asked": 812, "failed": 1}\nRequests/sec: 1.0\n'
    )
    assert parse_load(output) == Load(200.0, 2.5, 9.0, 1000.5, 812, 1)


@pytest.mark.parametrize('output', ['', 'RESULT {"served": 0, "seconds": 0}'])
def test_load_without_a_whole_round_is_none(output):
    with pytest.raises(UnavailableError):
        parse_load(output)


def test_pictures_are_compared_from_afar_and_on_black():
    clear = Image.new('RGBA', (256, 256), (255, 0, 0, 0))
    black, grey = Image.new('RGB', (256, 256)), Image.new('L', (112, 256), 51)
    some = [Answer(1, '', thumbnail(clear))]
    assert difference(some, [Answer(1, '', thumbnail(black))]) == 0
    assert difference(some, [Answer(1, '', thumbnail(grey))]) == pytest.approx(51)


def test_tile_addresses():
    rgb, stretched, pyramid = (
        BY_NAME[name] for name in ('utm-rgb-png', 'utm-uint16-png', 'pyramid-jpeg')
    )
    tile = Tile(6, 10, 2)
    ours = Ours()
    ours.numbers = {'a.tif': 7}
    assert ours.address('a.tif', rgb, tile) == '/rasters/7/tiles/6/10/2.png?projection=EPSG%3A3857'
    assert ours.address('a.tif', pyramid, tile) == '/rasters/7/tiles/6/10/2.jpg'
    assert ours.address('a.tif', stretched, tile).endswith(
        '&band=1&min=200&max=9000&palette=viridis'
    )
    assert 'rescale=200%2C9000' in Titiler().address('a.tif', stretched, tile)
    assert Terracotta().address('S2_20240531_B04.tif', stretched, tile) == (
        '/singleband/S2/20240531/B04/6/10/2.png?colormap=viridis&stretch_range=%5B200%2C9000%5D'
    )
    # 47 tiles in a row of the finest level, 24 of the next.
    assert Iipsrv().address('a.tif', pyramid, tile) == '/iipsrv?FIF=a.tif&JTL=6,104'
    assert Iipsrv().address('a.tif', pyramid, Tile(5, 10, 2)) == '/iipsrv?FIF=a.tif&JTL=5,58'


LAYERS = {
    'singleband': (
        '/singleband/S2/20240531/B04/6/10/2.png?colormap=viridis&stretch_range=[200,9000]'
    ),
    'rgb': (
        '/rgb/S2/20240531/6/10/2.png?r=B04&g=B08&b=B02'
        '&r_range=[200,9000]&g_range=[500,12000]&b_range=[200,7000]'
    ),
    'compute': (
        '/compute/S2/20240531/6/10/2.png?expression=(v1-v2)/(v1+v2)&v1=B08&v2=B04'
        '&stretch_range=[-1,1]&colormap=rdylgn'
    ),
}


@pytest.mark.parametrize('name', LAYERS)
def test_catalogues_are_asked_alike(name):
    case = BY_NAME[f'catalog-{name}']
    asked = Terracotta().address(case.filename, case, Tile(6, 10, 2))
    assert unquote(asked) == LAYERS[name]
    assert '+' not in asked
    assert Ours().address(case.filename, case, Tile(6, 10, 2)) == f'/catalog/scenes{asked}'


def test_goals_name_peers_that_take_part():
    names = {peer.name for peer in PEERS}
    for case in CASES:
        assert set(case.goals) <= set(case.peers) <= names


def test_only_a_full_run_is_for_the_docs():
    assert parse([]).complete
    for arguments in (['--quick'], ['--case', 'jp2-jpeg'], ['--peer', 'titiler'], ['--rounds=2']):
        assert not parse(arguments).complete


def test_what_is_missing_is_said_with_its_package():
    with pytest.raises(UnavailableError, match='apt-get install the-package'):
        program('no-such-program', 'the-package')
    with pytest.raises(UnavailableError, match='no-such-program is not installed'):
        run('no-such-program')


def test_what_fails_is_said_in_its_own_words():
    with pytest.raises(UnavailableError, match='`sh` failed: first / last'):
        run('sh', '-c', 'echo first >&2; echo last >&2; exit 1')


def test_a_process_that_is_gone_weighs_nothing():
    assert proportional_size(2**30) == 0


def test_swath_leaves_the_edges_without_data():
    from benchmarks.rasters import NODATA, reflectance

    size = 100
    top = reflectance(np.full((2, size, 3), 100, np.uint8), 0, size)
    assert (top[0, :12] == NODATA).all()
    assert (top[0, 12:] != NODATA).all()
    assert abs(float(top[0, 12:].mean()) - 4000) < 20
    bottom = reflectance(np.full((1, size, 3), 100, np.uint8), size - 1, size)
    assert (bottom[0, 89:] == NODATA).all()


def test_scene_is_the_same_in_strips_of_any_run():
    from benchmarks.imagery import STRIP, Scene

    scene = Scene('EPSG:32633', (140_000, 4_620_000, 860_000, 5_340_000), STRIP + 88)
    strips = list(scene.strips())
    assert [(row, pixels.shape) for row, pixels in strips] == [
        (0, (STRIP, STRIP + 88, 3)),
        (STRIP, (88, STRIP + 88, 3)),
    ]
    assert np.array_equal(next(scene.strips())[1], strips[0][1])
    # The mean of the Alps and the Adriatic: neither black nor white.
    assert 20 < strips[0][1].mean() < 120
