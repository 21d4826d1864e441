"""`manage.py iiif_cache`: shows the statistics of the IIIF caches, or empties them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.cache import caches as django_caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management.base import BaseCommand, CommandError

from django_large_image.conf import settings
from django_large_image.iiif import caches
from django_large_image.iiif.routers import service_names


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
            '--service', help='of the image: the basename given to IIIFRouter (default: iiif)'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the statistics, or what was forgotten; `CommandError` for an unknown service."""
        if isinstance(django_caches[settings.CACHE_NAME], LocMemCache):
            self.stderr.write(
                f'The cache {settings.CACHE_NAME!r} is in the memory of each process: this command '
                'neither sees nor changes what a server holds.'
            )
        identifier, service = options['purge'], options['service'] or 'iiif'
        if (identifier or options['service']) and service not in (known := service_names()):
            listed = ', '.join(sorted(known)) or 'none'
            raise CommandError(f'There is no IIIF service {service!r}. Known services: {listed}.')
        if identifier is None:
            self.stdout.write(json.dumps(caches.statistics(), indent=2))
        elif identifier:
            caches.purge(caches.owner_name(service, identifier))
            self.stdout.write(f'Forgotten: whatever {service} kept of {identifier!r}.')
        else:
            caches.purge()
            self.stdout.write('Forgotten: what was kept of all images.')
