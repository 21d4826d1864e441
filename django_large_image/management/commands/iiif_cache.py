"""`manage.py iiif_cache`: shows the statistics of the IIIF caches, or empties them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.cache import caches as django_caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management.base import BaseCommand

from django_large_image.conf import settings
from django_large_image.iiif import caches


class Command(BaseCommand):
    help = (
        'Show how often the IIIF caches were asked, what they found, and their size, as JSON: the '
        'numbers of `{prefix}/cache`. --purge empties them.'
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take `--purge [IDENTIFIER]` and `--service`."""
        parser.add_argument(
            '--purge', nargs='?', const='', metavar='IDENTIFIER', help='forget one image, or all'
        )
        parser.add_argument(
            '--service', default='iiif', help='the basename given to IIIFRouter (default: iiif)'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the statistics, or what was forgotten."""
        if isinstance(django_caches[settings.CACHE_NAME], LocMemCache):
            self.stderr.write(
                f'The cache {settings.CACHE_NAME!r} is in the memory of each process: this command '
                'neither sees nor changes what a server holds.'
            )
        identifier = options['purge']
        if identifier is None:
            self.stdout.write(json.dumps(caches.statistics(), indent=2))
        elif identifier:
            caches.purge(caches.owner_name(options['service'], identifier))
            self.stdout.write('Forgotten: what was kept of one image.')
        else:
            caches.purge()
            self.stdout.write('Forgotten: what was kept of all images.')
