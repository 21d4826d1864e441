"""`manage.py load_depth_image`: a file into a depth image."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from django_large_image.depth import loading, processors
from django_large_image.depth.interpolation import MODES
from django_large_image.exceptions import LargeImageError
from django_large_image.management.printing import printable


class Command(BaseCommand):
    help = (
        'Load a measured log into the database: a record per line, its depth in the first column. '
        'Nothing is stored of a file that is wrong anywhere.'
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the file and how to store it."""
        parser.add_argument('file', metavar='FILE', help=', '.join(processors.PROCESSORS))
        parser.add_argument('--name', default='', help="the image's: that of the file")
        parser.add_argument(
            '--width', type=int, metavar='PIXELS', help='of the image: the setting DEPTH_WIDTH'
        )
        parser.add_argument(
            '--interpolation',
            metavar='MODE',
            help=f'{", ".join(MODES)}: the setting DEPTH_INTERPOLATION',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the file and say what came of it; raises `CommandError` where it cannot be."""
        path = printable(options['file'])
        with closing(_Bars(self.stderr, not options['verbosity'])) as bars:
            try:
                image = loading.load(
                    options['file'],
                    options['name'],
                    width=options['width'],
                    interpolation=options['interpolation'],
                    progress=bars.show,
                )
            except LargeImageError as error:
                raise CommandError(f'{path}: {error.detail}') from None
            except OSError as error:
                raise CommandError(f'{path}: {error.strerror or error}.') from None
        if options['verbosity']:
            self.stdout.write(
                f'Image {image.pk}: {image.rows} rows of {image.width} values, depths '
                f'{image.depth_min} to {image.depth_max}; {image.dropped} records without a '
                'depth were left out.'
            )


class _Bars:
    """A progress bar for each stage of loading."""

    def __init__(self, file: Any, disable: bool) -> None:
        self._options = {'file': file, 'disable': disable, 'unit_scale': True}
        self._bars: dict[str, Any] = {}

    def show(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage."""
        if stage not in self._bars:
            unit = 'B' if stage == 'read' else 'rows'
            self._bars[stage] = tqdm(desc=stage, total=total, unit=unit, **self._options)
        bar = self._bars[stage]
        bar.update(done - bar.n)

    def close(self) -> None:
        """Leave all bars as they are."""
        for bar in self._bars.values():
            bar.close()
