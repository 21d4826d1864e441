"""`manage.py verify_images`: reads files and compares them with the checksums stored with them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet
from tqdm import tqdm

from django_large_image.management.printing import printable
from django_large_image.storage.checksums import ChecksumFieldFile, ChecksumFieldMixin

Field = tuple[type[Model], ChecksumFieldMixin]


class Command(BaseCommand):
    help = (
        'Read the files of all fields with checksums and compare them. The exit code is not 0 when '
        'a file is missing or another one, or has no checksum.'
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take models, and `--fix-missing`."""
        parser.add_argument('models', nargs='*', metavar='app.Model', help='only these models')
        parser.add_argument(
            '--fix-missing', action='store_true', help='compute checksums that are not there'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong, one line for each file; raises `CommandError` if anything is."""
        fields = list(_fields(options['models']))
        total = sum(_rows(field).count() for field in fields)
        problems, fixed = 0, 0
        with tqdm(
            total=total, unit='file', file=self.stderr, disable=not options['verbosity']
        ) as bar:
            for file in _files(fields):
                found = self._verify(file, options['fix_missing'])
                if found == FIXED:
                    fixed += 1
                elif found:
                    problems += 1
                    label = f'{file.instance._meta.label} {file.instance.pk}'
                    with bar.external_write_mode(file=self.stderr):
                        self.stdout.write(f'{found}: {label}: {printable(str(file.name))}')
                bar.update()
        said = f'{total} files, {fixed} checksums computed' if fixed else f'{total} files'
        if problems:
            raise CommandError(f'{said}, {problems} of them with problems.', returncode=1)
        if options['verbosity']:
            self.stdout.write(f'{said}: all as they should be.')

    @staticmethod
    def _verify(file: ChecksumFieldFile, fix: bool) -> str:
        """Return what is wrong with a file; the empty text if nothing is."""
        if not file.checksum and not fix:
            return 'no checksum'
        try:
            found = file.compute()
        except FileNotFoundError:
            return 'missing'
        except Exception as error:  # noqa: BLE001 - a storage may raise anything
            return f'unreadable ({type(error).__name__})'
        if not file.checksum:
            model, companion = type(file.instance), file.field.checksum_field
            # Nothing else of the row, which may have changed since it was read; nor of a row that
            # has another file now.
            model._base_manager.filter(
                pk=file.instance.pk, **{file.field.name: file.name, companion: file.checksum}
            ).update(**{companion: found})
            return FIXED
        return '' if found == file.checksum.lower() else 'mismatch'


FIXED = 'fixed'


def _fields(labels: list[str]) -> Iterator[Field]:
    """Yield the fields with checksums of models; raises `CommandError` for a name that is wrong."""
    models = apps.get_models()
    if labels:
        try:
            models = [apps.get_model(label) for label in labels]
        except (LookupError, ValueError) as error:
            raise CommandError(f'Name models as app.Model: {error}') from error
    for model in models:
        found = [
            field for field in model._meta.local_fields if isinstance(field, ChecksumFieldMixin)
        ]
        if labels and not found:
            raise CommandError(f'{model._meta.label} has no field with checksums.')
        yield from ((model, field) for field in found)


def _files(fields: list[Field]) -> Iterator[ChecksumFieldFile]:
    for field in fields:
        for instance in _rows(field).order_by('pk').iterator(chunk_size=500):
            yield getattr(instance, field[1].attname)


def _rows(field: Field) -> QuerySet[Model]:
    """Return the objects that have a file: neither NULL nor the empty text."""
    model, column = field
    return model._base_manager.filter(**{f'{column.name}__gt': ''})
