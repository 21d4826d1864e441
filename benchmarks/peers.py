"""Who is measured: how each is installed, prepared, started in its documented way, and asked."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from benchmarks import HERE, RASTERS, ROOT, VAR, WORKERS
from benchmarks.cases import CASES, CATALOG, Case
from benchmarks.environments import Environment, UnavailableError, program, run
from benchmarks.servers import Server, free_port
from benchmarks.tiles import TILE_SIZE, Tile

# Per worker of the peers that have any. More of them wait for each other.
THREADS = 2
# For every Python server: warnings are not written per request.
QUIET = {'PYTHONWARNINGS': 'ignore', 'PYTHONUNBUFFERED': '1'}
# Each of the project's databases has these rows, then those of the copies that nobody has seen.
FILENAMES = tuple(dict.fromkeys(case.filename for case in CASES))
# How catalogues find their files.
PATTERN = str(RASTERS / CATALOG / '{sensor}_{date}_{band}.tif')
# What `make serve` runs, its settings of GDAL and of the C library included.
LAUNCHER = ROOT / 'example_project' / 'serve.py'


class Peer(ABC):
    """A tile server."""

    name: str
    settings: str  # How it is run, for the docs.

    @abstractmethod
    def install(self) -> str:
        """Install what is missing and return its version; raises `UnavailableError`."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the command that serves with `WORKERS` processes."""

    @abstractmethod
    def address(self, filename: str, case: Case, tile: Tile) -> str:
        """Return path and query of a tile of a raster, in the style and format of a case."""

    def prepare(self, copies: Sequence[str] = ()) -> None:  # noqa: B027 - few need it
        """Make what the server needs to find the rasters, and those copies of one."""

    def environment(self) -> dict[str, str]:
        """Return what the process's environment says."""
        return {}

    def folder(self) -> Path:
        """Return where the server is started."""
        return VAR

    def start(self, environment: Mapping[str, str] | None = None) -> Server:
        """Start the server and wait for it; raises `UnavailableError`."""
        port = free_port()
        env = {**self.environment(), **(environment or {})}
        return Server(self.name, self.command(port), port, env, self.folder())


class DjangoPeer(Peer):
    """`project/` on one of the two packages; the same code, permission and lookup included."""

    python: Path

    def prepare(self, copies: Sequence[str] = ()) -> None:
        self.numbers = {name: n for n, name in enumerate((*FILENAMES, *copies), start=1)}
        env = {**os.environ, **self.environment()}
        run(self.python, '-m', 'project', *self.numbers, cwd=HERE, env=env)

    def environment(self) -> dict[str, str]:
        database = VAR / f'{self.name}.sqlite3'
        return {
            **QUIET,
            'DJANGO_SETTINGS_MODULE': 'project.settings',
            'BENCH_DATABASE': str(database),
            'BENCH_RASTERS': str(RASTERS),
        }

    def folder(self) -> Path:
        return HERE

    def address(self, filename: str, case: Case, tile: Tile) -> str:
        query: dict[str, object] = {}
        if case.projected:
            query['projection'] = 'EPSG:3857'
        if case.stretch:
            query |= {
                'band': 1,
                'min': case.stretch.low,
                'max': case.stretch.high,
                'palette': case.stretch.palette,
            }
        path = f'{self.raster(filename)}/tiles/{tile.z}/{tile.x}/{tile.y}.{case.suffix}'
        return f'{path}?{urlencode(query)}' if query else path

    def raster(self, filename: str) -> str:
        """Return the path of a raster's resource."""
        return f'/rasters/{self.numbers[filename]}'


class Ours(DjangoPeer):
    """This package on granian, started as `make serve` starts the example project."""

    name = 'ours'
    settings = f'granian, {WORKERS} workers of one thread'
    python = ROOT / '.venv' / 'bin' / 'python'

    def environment(self) -> dict[str, str]:
        return {**super().environment(), 'BENCH_CATALOG': PATTERN.replace('{date}', '{date:date}')}

    def install(self) -> str:
        code = 'import granian, django_large_image as package; print(package.__version__)'
        return run(self.python, '-c', code, cwd=ROOT)

    def address(self, filename: str, case: Case, tile: Tile) -> str:
        if case.layer:
            return f'/catalog/{CATALOG}{case.layer.address(tile)}'
        if case.protocol == 'xyz':
            return super().address(filename, case, tile)
        return f'/iiif/2/{self.numbers[filename]}/{case.image_request(tile)}'

    def command(self, port: int) -> list[str]:
        options = f'--port {port} --workers {WORKERS} --threads 1'
        return [str(self.python), str(LAUNCHER), 'project.wsgi:application', *options.split()]


class OursOnGunicorn(Ours):
    """This package on gunicorn, to compare the servers."""

    name = 'ours-gunicorn'
    settings = f'gunicorn gthread, {WORKERS} preloaded workers of {THREADS} threads'

    def install(self) -> str:
        code = 'import gunicorn, django_large_image as package; print(package.__version__)'
        return run(self.python, '-c', code, cwd=ROOT)

    def command(self, port: int) -> list[str]:
        return [*gunicorn(self.python, 'project.wsgi', port), '--preload']

    def environment(self) -> dict[str, str]:
        # What the launcher sets by itself.
        own = {'GDAL_CACHEMAX': '16', 'MALLOC_ARENA_MAX': '1', 'OPENBLAS_NUM_THREADS': '1'}
        return {**super().environment(), **own}


class DjangoLargeImage(DjangoPeer):
    """The predecessor."""

    name = 'django-large-image'
    settings = f'gunicorn gthread, {WORKERS} workers of {THREADS} threads; sources gdal and tiff'
    home = Environment(
        'django-large-image',
        (
            'django-large-image[colormaps]==0.10.5',
            'drf-spectacular',
            'gunicorn',
            'large-image-source-gdal',
            'large-image-source-tiff',
        ),
        gdal=True,
    )
    python = home.python

    def install(self) -> str:
        self.home.install()
        versions = [self.home.version(name) for name in ('django-large-image', 'large-image')]
        return f'{versions[0]} (large-image {versions[1]})'

    def command(self, port: int) -> list[str]:
        return gunicorn(self.python, 'project.wsgi', port)


class Titiler(Peer):
    """titiler.application with the settings of its guide to performance."""

    name = 'titiler'
    settings = f'uvicorn, {WORKERS} workers; the settings of GDAL that its docs recommend'
    home = Environment('titiler', ('titiler.application', 'uvicorn[standard]'))

    def install(self) -> str:
        self.home.install()
        return self.home.version('titiler.application')

    def environment(self) -> dict[str, str]:
        return {
            **QUIET,
            'GDAL_CACHEMAX': '200',
            'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
            'GDAL_INGESTED_BYTES_AT_OPEN': '32768',
            'GDAL_HTTP_MERGE_CONSECUTIVE_RANGES': 'YES',
            'GDAL_HTTP_MULTIPLEX': 'YES',
            'GDAL_HTTP_VERSION': '2',
            'VSI_CACHE': 'TRUE',
            'VSI_CACHE_SIZE': '5000000',
            'TITILER_API_CACHECONTROL': 'public, max-age=3600',
        }

    def command(self, port: int) -> list[str]:
        options = f'--host 127.0.0.1 --port {port} --workers {WORKERS} --log-level error'
        app = 'titiler.application.main:app'
        return [str(self.home.python), '-m', 'uvicorn', app, *options.split(), '--no-access-log']

    def address(self, filename: str, case: Case, tile: Tile) -> str:
        query = {'url': str(RASTERS / filename), 'tilesize': str(TILE_SIZE)}
        if case.stretch:
            query['rescale'] = f'{case.stretch.low},{case.stretch.high}'
            query['colormap_name'] = case.stretch.palette
        where = f'WebMercatorQuad/{tile.z}/{tile.x}/{tile.y}.{case.suffix}'
        return f'/cog/tiles/{where}?{urlencode(query)}'


class Terracotta(Peer):
    """Terracotta, which shows single bands."""

    name = 'terracotta'
    # With two threads its database now and then refuses.
    settings = f'gunicorn gthread, {WORKERS} workers of one thread; no raster cache'
    home = Environment('terracotta', ('terracotta', 'gunicorn'))
    tool = home.path / 'bin' / 'terracotta'
    database = VAR / 'terracotta.sqlite3'

    def install(self) -> str:
        self.home.install()
        return self.home.version('terracotta')

    def prepare(self, copies: Sequence[str] = ()) -> None:
        self.database.unlink(missing_ok=True)
        run(self.tool, 'ingest', PATTERN, '--output-file', self.database, '--quiet')

    def environment(self) -> dict[str, str]:
        return {
            **QUIET,
            'TC_DRIVER_PATH': str(self.database),
            'TC_DRIVER_PROVIDER': 'sqlite',
            'TC_RASTER_CACHE_SIZE': '0',
            'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
        }

    def command(self, port: int) -> list[str]:
        return gunicorn(self.home.python, 'terracotta.server.app:app', port, threads=1)

    def address(self, filename: str, case: Case, tile: Tile) -> str:
        if case.layer:
            return case.layer.address(tile)
        if case.stretch is None:
            raise UnavailableError('it shows what is in a catalogue only')
        query = {
            'colormap': case.stretch.palette,
            'stretch_range': f'[{case.stretch.low},{case.stretch.high}]',
        }
        values = Path(filename).stem.replace('_', '/')
        return f'/singleband/{values}/{tile.z}/{tile.x}/{tile.y}.png?{urlencode(query)}'


class Iipsrv(Peer):
    """iipsrv behind lighttpd."""

    name = 'iipsrv'
    settings = f'lighttpd with {WORKERS} FastCGI processes; no tile cache'
    binary = Path('/usr/lib/iipimage-server/iipsrv.fcgi')

    def install(self) -> str:
        program('lighttpd', 'lighttpd')
        if not self.binary.exists():
            raise UnavailableError(f'{self.binary} is missing: apt-get install iipimage-server')
        found = run('dpkg-query', '--show', '--showformat=${Version}', 'iipimage-server')
        return found.partition('-')[0]

    def command(self, port: int) -> list[str]:
        configuration = VAR / 'lighttpd.conf'
        configuration.write_text(f"""
server.modules = ("mod_fastcgi")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{VAR}"
server.max-keep-alive-requests = 0
fastcgi.server = ("/iipsrv" => ((
  "socket" => "{VAR}/iipsrv.socket",
  "bin-path" => "{self.binary}",
  "check-local" => "disable",
  "max-procs" => {WORKERS},
  "bin-environment" => (
    "FILESYSTEM_PREFIX" => "{RASTERS}/",
    "MAX_IMAGE_CACHE_SIZE" => "0",
    "OMP_NUM_THREADS" => "1",
    "VERBOSITY" => "0"
  )
)))
""")
        return [program('lighttpd', 'lighttpd'), '-D', '-f', str(configuration)]

    def address(self, filename: str, case: Case, tile: Tile) -> str:
        if case.protocol != 'xyz':
            return f'/iipsrv?IIIF={quote(filename)}/{case.image_request(tile)}'
        finest = case.footprint.levels[1]
        columns = -(-int(case.footprint.right) // (TILE_SIZE << (finest - tile.z)))
        number = tile.y * columns + tile.x
        return f'/iipsrv?FIF={quote(filename)}&JTL={tile.z},{number}'


def gunicorn(python: Path, app: str, port: int, threads: int = THREADS) -> list[str]:
    """Return the command of gunicorn with threads: connections are kept alive."""
    options = f'--workers {WORKERS} --worker-class gthread --threads {threads} --keep-alive 30'
    where = f'--bind 127.0.0.1:{port} --log-level warning --timeout 120'
    return [str(python), '-m', 'gunicorn', app, *options.split(), *where.split()]


PEERS: tuple[Peer, ...] = (
    Ours(),
    OursOnGunicorn(),
    Titiler(),
    Terracotta(),
    DjangoLargeImage(),
    Iipsrv(),
)
