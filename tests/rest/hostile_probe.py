"""Asks every endpoint about every file of a folder, in a process of its own: see test_hostile.py.

Reads from its arguments the folder, the groups of files of `tests.sources.hostile`, and the lure. A
group as `noise@web` lies on a web server.
Prints a line of JSON before the first request for a file, and one after the last.
"""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.settings')

MAP = 'projection=EPSG:3857'
ENDPOINTS = [
    'info/metadata',
    'info/metadata_internal',
    'info/bands',
    'info/band?band=1',
    'info/frames',
    'info/tiffdump',
    'info/cog',
    'info/images',
    'tiles/metadata',
    f'tiles/metadata?{MAP}',
    'tiles/tilejson.json',
    'tiles/0/0/0.png',
    'tiles/0/0/0.jpg',
    'tiles/2/1/1.jpg',
    'tiles/2/1/2.webp',
    f'tiles/0/0/0.png?{MAP}',
    f'tiles/2/1/1.jpg?{MAP}',
    f'tiles/3/4/3.webp?{MAP}',
    f'tiles/0/0/0/corners?{MAP}',
    'data/thumbnail.png',
    'data/thumbnail.webp?max_width=64',
    'data/region.npy?left=0&right=16&top=0&bottom=16&units=pixels',
    f'data/region.tif?left=0&right=1&top=0&bottom=1&units=fraction&width=50&height=50&{MAP}',
    'data/pixel?left=2&top=2',
    'data/histogram',
    'tiles/0/0/0.png?source=pil',
    'tiles/0/0/0.png?source=tiff',
    'data/thumbnail.png?frame=1',
]
# Over HTTP the bytes come another way to the same readers.
REMOTE_ENDPOINTS = [
    'info/metadata',
    'info/tiffdump',
    'info/cog',
    'tiles/0/0/0.png',
    'tiles/2/1/1.jpg',
    f'tiles/2/1/1.jpg?{MAP}',
    'data/thumbnail.png',
    'data/pixel?left=2&top=2',
    'data/histogram',
]
# What the process may take beyond what it has when all is imported.
MEMORY = 1 << 30


def main() -> None:
    """Ask, and print what was answered."""
    folder, groups, lure = Path(sys.argv[1]), sys.argv[2].split(','), json.loads(sys.argv[3])
    client = prepare(folder)
    from tests.servers.http import running

    with running() as web:
        allow(web.url)
        look(client, folder, groups, lure, web)


def look(client: Any, folder: Path, groups: list[str], lure: dict[str, str], web: Any) -> None:
    """Ask about all files of all groups."""
    from tests.sources import hostile

    media = folder / 'media'
    media.mkdir(exist_ok=True)
    where = hostile.Lure(Path(lure['raster']), Path(lure['text']), lure['url'])
    # What is imported and allocated once.
    ask(client, hostile.pyramid(media / 'first.tif'))
    limit()
    for group in groups:
        name, _, place = group.partition('@')
        arguments = [media, where] if name == 'naming' else [media]
        paths: Iterator[Path] = getattr(hostile, name)(*arguments)
        for path in paths:
            tell({'file': path.name})
            tell({'group': group, **ask(client, path, web if place else None)})


def tell(record: dict[str, Any]) -> None:
    """Print a record at once: the process may not live long."""
    sys.stdout.write(f'{json.dumps(record)}\n')
    sys.stdout.flush()


def prepare(folder: Path) -> Any:
    """Set Django up with a database in memory; return a client of it."""
    import django
    from django.conf import settings

    settings.MEDIA_ROOT = str(folder / 'media')
    settings.ROOT_URLCONF = 'tests.rest.conftest'
    logging.disable(logging.CRITICAL)
    warnings.simplefilter('ignore')
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command('migrate', run_syncdb=True, verbosity=0)
    return Client(raise_request_exception=False)


def allow(url: str) -> None:
    """Have images at a server be allowed."""
    from django.test.utils import override_settings

    override_settings(LARGE_IMAGE={'URL_PREFIXES': [url], 'VERSION_MAX_AGE': 3600}).enable()


def limit() -> None:
    """Bound what the process may take beyond what it has."""
    with open('/proc/self/statm', encoding='ascii') as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def peak(reset: bool = False) -> int:
    """Return the most memory in bytes that the process had since it was last reset."""
    if reset:
        Path('/proc/self/clear_refs').write_text('5')
    status = Path('/proc/self/status').read_text()
    line = next(line for line in status.splitlines() if line.startswith('VmHWM'))
    return int(line.split()[1]) * 1024


def ask(client: Any, path: Path, web: Any = None) -> dict[str, Any]:
    """Return the statuses of all endpoints for a file, and what their bodies must not hold."""
    from tests.testapp.models import ImageFile

    image = ImageFile.objects.create(name='hostile', file=path.name)
    statuses, told = {}, []
    base, endpoints = '/api/left', ENDPOINTS
    if web is not None:
        base, endpoints = '/api/url', REMOTE_ENDPOINTS
        web.files = {path.name: path.read_bytes()}
        ImageFile.objects.filter(pk=image.pk).update(name=web.url + path.name)
    peak(reset=True)
    for endpoint in endpoints:
        response = client.get(f'{base}/{image.pk}/{endpoint}')
        body = b''.join(response.streaming_content) if response.streaming else response.content
        statuses[endpoint] = response.status_code
        told.extend(leaks(endpoint, response, body, path))
    image.delete()
    return {
        'file': path.name,
        'statuses': statuses,
        'leaks': told,
        'memory': peak(),
    }


def leaks(endpoint: str, response: Any, body: bytes, path: Path) -> list[str]:
    """Return what an answer gives away."""
    from tests.sources import hostile

    found = [
        f'{endpoint}: {word!r}'
        for word in (hostile.WORDS.encode(), b'root:', str(path.parent).encode(), b'Traceback')
        if word in body
    ]
    if response.status_code >= 400 and response['Content-Type'] != 'application/json':
        found.append(f'{endpoint}: {response["Content-Type"]}')
    if endpoint.startswith('data/pixel') and f': {hostile.SECRET}' in body.decode(
        'utf8', 'replace'
    ):
        found.append(f'{endpoint}: the raster')
    samples = '.npy' in endpoint and response.status_code == 200
    if samples and (np.load(io.BytesIO(body)) == hostile.SECRET).all():
        found.append(f'{endpoint}: the raster')
    return found


if __name__ == '__main__':
    main()
