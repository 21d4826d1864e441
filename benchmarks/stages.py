"""`python -m benchmarks.stages`: where the time of our own tiles goes, in one thread and process.

Per case, over the same tiles as the servers are asked for: reading (and warping) samples for the
first time and again, styling them, encoding the picture, and the whole request through Django's
WSGI handler. What the request takes beyond the last three is HTTP, Django, REST framework,
permission and lookup; it takes less than they do where stored blocks are sent.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, TypeVar
from urllib.parse import urlsplit

from benchmarks import HERE, rasters, report
from benchmarks.cases import CASES, Case
from benchmarks.peers import Ours
from benchmarks.tiles import Tile, tile_list

T = TypeVar('T')

STAGES = ('first read', 'read', 'style', 'encode', 'request', 'empty request')
SITE = Ours()
XYZ = [case for case in CASES if case.protocol == 'xyz' and not case.layer]


def main() -> None:
    """Print the table, in milliseconds per tile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--case', action='append', choices=[case.name for case in XYZ])
    parser.add_argument('--count', type=int, default=200, help='how many tiles of a case')
    options = parser.parse_args()
    cases = [case for case in XYZ if not options.case or case.name in options.case]
    rasters.build({case.filename for case in cases})
    handler = start_django()
    rows = [(case.title, *measure(case, handler, options.count)) for case in cases]
    sys.stdout.write(report.table(('case', *STAGES), rows) + '\n')


def start_django() -> Any:
    """Return the WSGI handler of the project that the benchmark serves."""
    SITE.prepare()
    os.environ.update(SITE.environment())
    sys.path.insert(0, str(HERE))
    from project.wsgi import application

    return application


def measure(case: Case, handler: Any, count: int) -> list[str]:
    """Return the medians of all stages, as text, in milliseconds."""
    tiles = tile_list(case.footprint, count)
    addresses = [SITE.address(case.filename, case, tile) for tile in tiles]
    times = by_stage(case, tiles)
    times['request'] = each(addresses, lambda address: ask(handler, address))
    empty = f'{SITE.raster(case.filename)}/empty'
    times['empty request'] = each([empty] * count, lambda address: ask(handler, address))
    return [f'{1000 * median(times[stage]):.2f}' for stage in STAGES]


def by_stage(case: Case, tiles: Sequence[Tile]) -> dict[str, list[float]]:
    """Return the seconds that each tile takes to be read, styled and encoded."""
    from project.models import Raster

    from django_large_image.pixels.formats import EncodeOptions, get_format
    from django_large_image.pixels.style import Style
    from django_large_image.sources.opening import open_source, reader_of
    from django_large_image.storage.fields import field_file_reference

    reference = field_file_reference(Raster.objects.get(name=case.filename).file)
    projection = 'EPSG:3857' if case.projected else None
    reader = reader_of(open_source(reference, projection=projection))
    stretch = case.stretch
    style = Style.parse(
        {'band': 1, 'min': stretch.low, 'max': stretch.high, 'palette': stretch.palette}
        if stretch
        else None
    )
    numbers = style.band_numbers(reader.bands)
    output, options = get_format(case.suffix), EncodeOptions(quality=85)
    first = each(tiles, lambda tile: reader.read_tile(*tile, bands=numbers))
    times: dict[str, list[float]] = {'read': [], 'style': [], 'encode': []}
    for tile in tiles:
        marks = [time.perf_counter()]
        raster = reader.read_tile(*tile, bands=numbers)
        marks.append(time.perf_counter())
        picture = style.apply({None: raster}, {}, frame=None, bands=reader.bands)
        marks.append(time.perf_counter())
        output.encode(picture, options)
        marks.append(time.perf_counter())
        for index, stage in enumerate(times):
            times[stage].append(marks[index + 1] - marks[index])
    return {'first read': first, **times}


def each(things: Sequence[T], action: Callable[[T], object]) -> list[float]:
    """Return the seconds that an action takes of each thing, after one that does not count."""
    action(things[0])
    found = []
    for thing in things:
        began = time.perf_counter()
        action(thing)
        found.append(time.perf_counter() - began)
    return found


def ask(handler: Any, address: str) -> bytes:
    """Return the body of the answer, as a WSGI server would ask for it; it has to be a 200."""
    parts = urlsplit(address)
    environ = {
        'REQUEST_METHOD': 'GET',
        'SCRIPT_NAME': '',
        'PATH_INFO': parts.path,
        'QUERY_STRING': parts.query,
        'SERVER_NAME': '127.0.0.1',
        'SERVER_PORT': '80',
        'SERVER_PROTOCOL': 'HTTP/1.1',
        'HTTP_HOST': '127.0.0.1',
        'HTTP_ACCEPT': 'image/*,*/*;q=0.8',
        'wsgi.input': io.BytesIO(),
        'wsgi.errors': sys.stderr,
        'wsgi.url_scheme': 'http',
        'wsgi.version': (1, 0),
        'wsgi.multithread': True,
        'wsgi.multiprocess': True,
        'wsgi.run_once': False,
    }
    status: list[str] = []
    response = handler(environ, lambda line, headers, info=None: status.append(line))
    body = b''.join(response)
    response.close()
    if not status[0].startswith('200'):
        raise RuntimeError(f'{status[0]} for {address}')
    return body


if __name__ == '__main__':
    main()
