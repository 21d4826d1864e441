"""`manage.py serve_rasters FOLDER`: the page of a catalogue, of the rasters in a folder."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any, NoReturn

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from django_large_image.catalog import standalone
from django_large_image.exceptions import LargeImageError
from django_large_image.management.printing import printable

STANDALONE = standalone.__name__
SLUG = 'rasters'


class QuietHandler(WSGIRequestHandler):
    """A handler that does not write a line for each tile."""

    def log_request(self, code: int | str = '-', size: int | str = '-') -> None:
        """Leave out what was answered well."""
        if not str(code).startswith(('2', '3')):
            super().log_request(code, size)


class Command(BaseCommand):
    help = (
        'Show the rasters below a folder on a map in the browser. Neither settings nor database of '
        'the project are used; nothing is left when the command ends. Files that cannot be read '
        'are named; the exit code is 2 when there is no file to show.'
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the folder, a pattern of names, and where to serve."""
        parser.add_argument('folder', metavar='FOLDER', type=Path)
        parser.add_argument(
            '--pattern',
            default='',
            help='paths below the folder, such as {sensor}/{date:date}_{band}.tif; without it keys '
            'are what changes between the names of files',
        )
        parser.add_argument('--host', default='127.0.0.1', help='default: %(default)s')
        parser.add_argument('--port', type=int, default=0, help='default: any that is free')
        parser.add_argument('--workers', type=int, default=os.cpu_count() or 1, metavar='N',
                            help='processes that measure rasters (%(default)s)')  # fmt: skip
        parser.add_argument(
            '--no-browser', action='store_true', help='only say at which address the page is'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill a temporary catalogue and serve it; raises `CommandError` where that cannot be."""
        folder: Path = options['folder'].resolve()
        if not folder.is_dir():
            raise CommandError(f'There is no folder {options["folder"]}.', returncode=2)
        if (
            os.environ.get('DJANGO_SETTINGS_MODULE') != STANDALONE
            or standalone.VARIABLE not in os.environ
        ):
            _start_again(folder, options)
        scratch = Path(json.loads(os.environ[standalone.VARIABLE])['database']).parent
        signal.signal(signal.SIGTERM, _leave)
        try:
            self._serve(folder, options)
        except KeyboardInterrupt:
            pass
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _serve(self, folder: Path, options: dict[str, Any]) -> None:
        from django_large_image.catalog.folders import fill

        call_command('migrate', verbosity=0, interactive=False)
        try:
            count = fill(
                SLUG,
                folder,
                lambda path, why: self.stderr.write(f'{printable(path)}: {why}'),
                pattern=options['pattern'],
                workers=max(options['workers'], 1),
            )
        except LargeImageError as error:
            raise CommandError(error.detail, returncode=2) from None
        if not count:
            raise CommandError('There is no raster to show.', returncode=2)
        try:
            server = ThreadedWSGIServer((options['host'], options['port']), QuietHandler)
        except OSError as error:
            raise CommandError(f'This cannot be served there: {error.strerror}.') from None
        server.daemon_threads = True
        with server:
            server.set_app(StaticFilesHandler(get_wsgi_application()))
            url = f'http://{options["host"]}:{server.server_port}/{SLUG}/'
            self.stdout.write(f'{count} datasets at {url} - Ctrl+C ends it.')
            self.stdout.flush()
            if not options['no_browser']:
                # Some browsers end before this returns, and none shows a page that is not served.
                Thread(target=webbrowser.open, args=(url,), daemon=True).start()
            server.serve_forever()


def _start_again(folder: Path, options: dict[str, Any]) -> NoReturn:
    """Run the same command under settings of its own, in the place of this process."""
    scratch = tempfile.mkdtemp(prefix='serve-rasters-')
    asked = {
        'folder': str(folder),
        'database': os.path.join(scratch, 'db.sqlite3'),
        'host': options['host'],
    }
    environment = {
        **os.environ,
        'DJANGO_SETTINGS_MODULE': STANDALONE,
        standalone.VARIABLE: json.dumps(asked),
    }
    arguments = ['serve_rasters', str(folder)]
    arguments += [f'--{name}={options[name]}' for name in ('pattern', 'host', 'port', 'workers')]
    arguments += ['--no-browser'] * options['no_browser']
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, '-m', 'django', *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 - that is the point


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
