"""`manage.py image_copies`: shows the local copies of images from remote storages, or removes
them.
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from django_large_image.management.printing import printable
from django_large_image.storage.copies import ABOUT
from django_large_image.storage.shelf import Entry, Shelf, ShelfError, open_shelf


class Command(BaseCommand):
    help = 'Show the local copies of images in remote storages; --clear removes them.'

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take `--clear`."""
        parser.add_argument('--clear', action='store_true', help='remove all copies')

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each copy, the one used last first, and how much room is taken."""
        try:
            shelf = open_shelf()
        except (ShelfError, OSError) as error:
            raise CommandError(f'COPIES_DIR cannot be used: {error}') from error
        if options['clear']:
            gone = shelf.clear()
            self.stdout.write(f'Removed {_amount(gone)} from {shelf.folder}.')
            return
        entries = shelf.entries()
        for entry in reversed(entries):
            used = datetime.fromtimestamp(entry.used, timezone.utc)
            self.stdout.write(
                f'{used:%Y-%m-%d %H:%M}Z {entry.size:>15,}  {_name(shelf, entry.key)}'
            )
        self.stdout.write(
            f'{_amount(entries)} of {filesizeformat(shelf.limit)} in {shelf.folder}'.replace(
                '\xa0', ' '
            )
        )


def _amount(entries: list[Entry]) -> str:
    size = filesizeformat(sum(entry.size for entry in entries)).replace('\xa0', ' ')
    return f'{len(entries)} {"copy" if len(entries) == 1 else "copies"}, {size}'


def _name(shelf: Shelf, key: str) -> str:
    """Return the name of the file that was copied, fit for a terminal."""
    try:
        about = json.loads((shelf.path(key) / ABOUT).read_text(encoding='utf-8'))
        name = str(about['name'])
    except (OSError, ValueError, KeyError, TypeError):
        return key
    return printable(name)
