"""`manage.py ingest_rasters`: files into a catalogue, by their names."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from django_large_image.exceptions import BusyError, LargeImageError, MissingError, ParameterError
from django_large_image.management.printing import printable


class Command(BaseCommand):
    help = (
        'Put the files whose names match a pattern into a catalogue, which is made if there is '
        'none. Files have to lie below a folder of CATALOG_ROOTS. The exit code is 1 when a file '
        'could not be read or the database is busy for minutes, 2 when none matches or the pattern '
        'does not fit the catalogue.'
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the catalogue, the pattern and the options."""
        parser.add_argument('catalog', metavar='CATALOG', help='its name in URLs')
        parser.add_argument(
            'pattern',
            metavar='PATTERN',
            help='a path such as scenes/{sensor}/{date:date}_{band}.tif; kinds of values are text '
            '(if none is given), number and date',
        )
        parser.add_argument(
            '--rgb-key',
            metavar='KEY',
            help='the key to combine to colours: the last one',
        )
        parser.add_argument(
            '--skip-existing', action='store_true', help='leave datasets that are there already'
        )
        parser.add_argument(
            '--skip-metadata',
            action='store_true',
            help='measure rasters when that is asked for',
        )
        parser.add_argument(
            '--exact', action='store_true', help='measure all pixels, not an overview'
        )
        parser.add_argument(
            '--workers',
            type=_positive,
            default=os.cpu_count() or 1,
            metavar='N',
            help='processes that measure rasters (%(default)s)',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ingest, name what went wrong; raises `CommandError` if anything did."""
        from django_large_image.catalog.contention import patiently
        from django_large_image.catalog.ingestion import candidates, ingest
        from django_large_image.catalog.patterns import Pattern

        try:
            pattern = Pattern.parse(options['pattern'])
            files, others = candidates(pattern)
            if not files:
                self._name(others)
                raise CommandError('No file matches the pattern.', returncode=2)
            schema = patiently(partial(_schema, options['catalog'], pattern, options['rgb_key']))
        except BusyError as error:
            raise CommandError(error.detail, returncode=1) from None
        except LargeImageError as error:
            raise CommandError(error.detail, returncode=2) from None
        counts: Counter[str] = Counter()
        found = ingest(
            schema,
            files,
            skip_existing=options['skip_existing'],
            skip_metadata=options['skip_metadata'],
            exact=options['exact'],
            workers=min(options['workers'], len(files)),
        )
        bar = tqdm(
            total=len(files), unit='file', file=self.stderr, disable=not options['verbosity']
        )
        ended = ''
        try:
            for one in self._shown(found, bar):
                counts['failed' if one.problem else 'existing' if one.existed else 'stored'] += 1
        except LargeImageError as error:
            ended = f' {error.detail} The rest is left: --skip-existing goes on.'
        self._name(others)
        said = f'{counts["stored"]} datasets stored, {counts["existing"]} were there'
        if counts['failed'] or ended:
            raise CommandError(f'{said}, {counts["failed"]} files failed.{ended}', returncode=1)
        if options['verbosity']:
            self.stdout.write(f'{said}.')

    def _shown(self, found: Iterable[Any], bar: Any) -> Iterable[Any]:
        """Yield what became of files; a bar moves, and problems are written."""
        with bar:
            for one in found:
                bar.update()
                if one.problem:
                    with bar.external_write_mode(file=self.stderr):
                        self.stderr.write(f'{printable(str(one.path))}: {one.problem}')
                yield one

    def _name(self, others: list[str]) -> None:
        if others:
            self.stderr.write(f'{len(others)} files were left out:')
        for other in others:
            self.stderr.write(f'  {printable(other)}')


def _schema(slug: str, pattern: Any, rgb_key: str | None) -> Any:
    """Return the schema of a catalogue with the keys of a pattern; it is made if there is none."""
    from django_large_image.catalog import api
    from django_large_image.catalog.models import Catalog
    from django_large_image.catalog.schema import forget, schema_of

    kinds = dict(pattern.kinds)
    if rgb_key is not None:
        if rgb_key not in kinds:
            raise CommandError(f'The pattern has no key {rgb_key!r}.', returncode=2)
        kinds[rgb_key] = kinds.pop(rgb_key)
    try:
        schema = schema_of(slug)
    except MissingError:
        try:
            api.create(slug, [f'{name}:{kind}' for name, kind in kinds.items()])
        except ParameterError:
            # Unless another ingestion has made it a moment ago.
            if not Catalog.objects.filter(slug=slug).exists():
                raise
        forget()
        schema = schema_of(slug)
    known = {key.name: key.kind for key in schema.keys}
    if known != kinds:
        keys = ', '.join(f'{name}:{kind}' for name, kind in known.items())
        raise CommandError(f'The keys of the catalogue are others: {keys}.', returncode=2)
    return schema


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('At least one process is needed.')
    return number
