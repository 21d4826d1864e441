"""`manage.py load_logs`: makes the sample log and a colour map, and loads both."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from core import logs
from django_large_image.depth.models import Colormap, DepthImage


class Command(BaseCommand):
    help = 'Make the sample log of a borehole and load it. What exists is kept.'

    def handle(self, *args: Any, **options: Any) -> None:
        name, stops = logs.COLORS
        Colormap.objects.get_or_create(name=name, defaults={'stops': stops})
        if DepthImage.objects.filter(name=logs.NAME).exists():
            self.stdout.write('The log is there.')
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / logs.FILENAME
            logs.write(path)
            call_command(
                'load_depth_image',
                path,
                name=logs.NAME,
                verbosity=options['verbosity'],
                stdout=self.stdout,
                stderr=self.stderr,
            )
