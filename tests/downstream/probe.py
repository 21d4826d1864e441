"""Asks the downstream project for everything and writes down what it answers, as JSON on stdout.

    python tests/downstream/probe.py

`recorded.json` is what this printed with django-large-image 0.10.5 and large-image 1.35.6; the
tests run it with the package as it is. It imports nothing of the package and nothing that is newer
than 0.10.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
PLACE = {'epsg': 32612, 'bounds': (400000, 4400000, 415360, 4411520)}
STYLE = {
    'bands': [
        {'band': 1, 'palette': ['#000', '#f00'], 'min': 0, 'max': 255},
        {'band': 3, 'palette': ['#000', '#0f0'], 'min': 0, 'max': 255},
    ]
}


def load_factories() -> Any:
    """Load the factories of the tests by their path: the package must not come along."""
    spec = importlib.util.spec_from_file_location('factories', HERE.parent / 'factories.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Ranges(BaseHTTPRequestHandler):
    """Serves the files of a folder on this machine, whole or in ranges, as GDAL asks for them."""

    folder: Path
    protocol_version = 'HTTP/1.1'

    def do_GET(self) -> None:
        path = self.folder / Path(self.path).name
        content = path.read_bytes() if path.is_file() else b''
        start, stop, status = 0, len(content), 200 if content else 404
        asked = self.headers.get('Range', '')
        if content and asked.startswith('bytes='):
            first, _, last = asked[6:].partition('-')
            start, stop, status = int(first), min(stop, int(last or stop) + 1), 206
        self.send_response(status)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(max(0, stop - start)))
        if status == 206:
            self.send_header('Content-Range', f'bytes {start}-{stop - 1}/{len(content)}')
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(content[start:stop])

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        pass


def serve(folder: Path) -> str:
    """Serve a folder while the process lives; return its address."""
    handler = type('Handler', (Ranges,), {'folder': folder})
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'http://127.0.0.1:{server.server_port}'


def allow(website: str) -> None:
    """Let images be opened there; 0.10 asked for no leave."""
    from django.conf import settings
    from django.core.signals import setting_changed

    settings.LARGE_IMAGE = {'URL_PREFIXES': [f'{website}/']}
    setting_changed.send(allow, setting='LARGE_IMAGE', value=settings.LARGE_IMAGE, enter=True)


def store(folder: Path, website: str) -> None:
    """Fill the database: 1 is RGB on a map, 2 is one uint16 band on a map, 3 is RGB without one."""
    from django.core.files import File
    from gallery.models import ImageFile, URLImageFile

    factories = load_factories()
    height = factories.gradient(384, 512, 1, 'uint16')[0] // 16
    height[:40] = 0
    paths = [
        factories.raster(folder / 'map.tif', factories.gradient(384, 512), **PLACE),
        factories.raster(folder / 'height.tif', height, nodata=0, **PLACE),
        factories.raster(
            folder / 'plain.tif',
            factories.gradient(300, 400),
            options=['TILED=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256', 'PHOTOMETRIC=RGB'],
        ),
    ]
    for path in paths:
        image = ImageFile(name=path.name)
        with path.open('rb') as content:
            image.file.save(path.name, File(content))
        URLImageFile.objects.create(name=path.name, url=f'{website}/{path.name}')


def requests(website: str) -> dict[str, str]:
    """Return the addresses to ask for, by the name they are recorded under."""
    asked: dict[str, str] = {}

    def ask(path: str, **parameters: Any) -> None:
        query = f'?{urlencode(parameters)}' if parameters else ''
        given = {key: value for key, value in parameters.items() if key != 'url'}
        name = f'{path}?{urlencode(given)}' if given else path
        asked[name.replace('%3A', ':')] = f'/{path}{query}'

    for name in ('sources', 'colormaps', 'formats'):
        ask(f'api/large-image/{name}')
    ask('api/image-file')
    for pk in (1, 2, 3):
        base = f'api/image-file/{pk}'
        for path in ('metadata', 'metadata_internal', 'bands', 'band', 'frames', 'tiffdump'):
            ask(f'{base}/info/{path}')
        ask(f'{base}/tiles/metadata')
        ask(f'{base}/tiles/0/0/0.png')
        ask(f'{base}/tiles/1/0/0.jpg')
        ask(f'{base}/data/thumbnail.png')
        ask(f'{base}/data/thumbnail.jpg', max_width=64, max_height=64)
        ask(f'{base}/data/pixel', left=200, top=150)
        ask(f'{base}/data/histogram')
        ask(f'{base}/data/histogram', onlyMinMax='true')
        ask(f'{base}/data/histogram', bins=16, density='true')
        ask(f'{base}/data/region.png', left=100, right=200, top=100, bottom=160, units='pixels')
        ask(f'{base}/data/region.tif', left=100, right=200, top=100, bottom=160, units='pixels')
    for pk in (1, 2):
        base = f'api/image-file/{pk}'
        ask(f'{base}/info/metadata', projection='EPSG:3857')
        ask(f'{base}/tiles/metadata', projection='EPSG:3857')
        ask(f'{base}/tiles/10/193/389.png', projection='EPSG:3857')
        ask(f'{base}/tiles/0/0/0/corners', projection='EPSG:3857')
        ask(f'{base}/tiles/0/0/0/corners')
        ask(f'{base}/data/thumbnail.png', projection='EPSG:3857')
        ask(
            f'{base}/data/region.tif',
            left=-112.1,
            right=-112.05,
            top=39.82,
            bottom=39.78,
            units='EPSG:4326',
        )
    base = 'api/image-file/2/data/thumbnail.png'
    for style in (
        {'palette': 'viridis', 'min': 100, 'max': 3000},
        {'cmap': 'plasma', 'min': 100, 'max': 3000},
        {'palette': 'viridis', 'min': 100, 'max': 3000, 'nodata': 0},
        {'palette': 'viridis', 'min': 0, 'max': 4000, 'scheme': 'discrete'},
        {'palette': '#00f', 'min': 0, 'max': 4000, 'scheme': 'linear'},
        {'palette': 'undefined', 'min': 'null', 'max': ''},
    ):
        ask(base, band=1, **style)
    ask('api/image-file/1/data/thumbnail.png', style=json.dumps(STYLE))
    ask('api/image-file/1/tiles/0/0/0.png', style=json.dumps(STYLE))
    ask('api/image-file/1/data/thumbnail.png', band=3)
    ask('api/image-file/1/info/metadata', source='gdal')
    ask('api/image-file/3/info/metadata', source='pil')
    for path in ('info/metadata', 'data/thumbnail.png'):
        ask(f'api/vsi-file/1/{path}')
    ask('api/local-file/1/info/metadata')
    ask('api/local-file/1/data/thumbnail.png')
    ask('api/url-image')
    ask('api/url-image/2/info/metadata')
    ask('api/url-image/2/data/thumbnail.png')
    ask('api/any-image/info/metadata', url=f'{website}/map.tif')
    ask('api/any-image/tiles/0/0/0.png', url=f'{website}/map.tif')
    ask('api/any-image/data/thumbnail.png', url=f'{website}/map.tif')
    ask('api/any-image/info/bands')
    ask('api/hooked/1/info/metadata')
    ask('api/hooked/1/tiles/0/0/0.png')
    ask('api/hooked/1/data/thumbnail.png', only='red')
    ask('api/hooked/2/data/thumbnail.png', band=1, min=0, max=4000)
    ask('api/hooked/1/data/thumbnail.png', opener='large_image')
    ask('api/hooked/1/data/pixel', left=10, top=10)
    ask('api/hooked/1/summary')
    ask('api/hooked/1/crop')
    ask('api/hooked/words')
    ask('admin/gallery/imagefile/1/change/')
    ask('globe/1/')
    ask('flat/1/')
    return asked


def shape(value: Any) -> Any:
    """Return the keys of JSON, and the kinds of its values; of a list, what its first entry is."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    kinds = {bool: 'boolean', int: 'number', float: 'number', str: 'text'}
    return kinds.get(type(value), 'nothing')


def picture(content: bytes) -> dict[str, Any]:
    """Return the size of a picture and the mean of red, green, blue and alpha."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(content)) as opened:
        data = np.asarray(opened.convert('RGBA'), float)
    return {'size': [data.shape[1], data.shape[0]], 'mean': data.mean((0, 1)).round(1).tolist()}


def answer(client: Any, address: str) -> dict[str, Any]:
    """Return what there is to say about one answer."""
    response = client.get(address)
    content = b''.join(response) if response.streaming else response.content
    media_type = response['Content-Type'].split(';')[0]
    found: dict[str, Any] = {'status': response.status_code, 'type': media_type}
    for header in ('X-Trace', 'X-Overridden'):
        if header in response:
            found[header] = response[header]
    if media_type == 'application/json':
        value = json.loads(content)
        found['shape'] = shape(value)
        if address.endswith(('/words', '/crop')):
            found['json'] = value
    elif response.status_code == 200 and media_type in ('image/png', 'image/jpeg'):
        found['picture'] = picture(content)
    elif media_type == 'image/tiff':
        found['tiff'] = content[:2] == b'II'
    elif media_type == 'text/html':
        text = content.decode()
        found['says'] = {
            word: word in text for word in ('baseEndpoint', 'imageId', 'django_large_image/')
        }
    return found


def main() -> None:
    """Build the project in a folder of its own, ask, and print."""
    with tempfile.TemporaryDirectory() as name:
        os.environ['DOWNSTREAM_MEDIA'] = str(Path(name) / 'media')
        os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
        sys.path[0] = str(HERE / 'project')

        import django

        django.setup()
        from django.contrib.auth.models import User
        from django.core.cache import caches
        from django.core.management import call_command
        from django.test import Client

        call_command('migrate', run_syncdb=True, verbosity=0)
        website = serve(Path(name))
        allow(website)
        store(Path(name), website)
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.create_superuser('admin'))
        found = {title: answer(client, address) for title, address in requests(website).items()}
        # LARGE_IMAGE_CACHE_NAME is the only cache that is not a dummy.
        found['cache'] = {'used': bool(caches['tiles']._cache)}
        lines = (f'{json.dumps(key)}: {json.dumps(found[key], sort_keys=True)}' for key in found)
        sys.stdout.write('{\n' + ',\n'.join(lines) + '\n}\n')


if __name__ == '__main__':
    main()
