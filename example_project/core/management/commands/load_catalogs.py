"""`manage.py load_catalogs`: makes the sample catalogues, each of them whole or not at all."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from core.samples import MissingPackageError
from core.scenes import SAMPLES, Sample
from django_large_image.catalog import api
from django_large_image.catalog.models import Catalog, Dataset


class Command(BaseCommand):
    help = 'Make the sample catalogues and their rasters. What exists is kept.'

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('--force', action='store_true', help='make them again')

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [sample for sample in SAMPLES if options['force'] or not is_loaded(sample)]
        if not missing:
            self.stdout.write(f'All {len(SAMPLES)} catalogues are there.')
        for sample in missing:
            bar = tqdm(
                desc=sample.title,
                unit='dataset',
                file=self.stderr,
                disable=not options['verbosity'],
            )
            try:
                with bar:
                    load(sample, bar)
            except MissingPackageError as error:
                self.stderr.write(self.style.WARNING(f'{sample.title}: {error}'))


def is_loaded(sample: Sample) -> bool:
    """Is there a catalogue with datasets, and are their rasters where these say?"""
    datasets = Dataset.objects.filter(catalog__slug=sample.slug)
    locations = set(datasets.values_list('location', flat=True))
    return bool(locations) and all(Path(location).is_file() for location in locations)


def load(sample: Sample, bar: tqdm[Any]) -> None:
    """Make the rasters and the catalogue, in the place of what is left of another try."""
    folder = settings.CATALOGS / sample.slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with transaction.atomic():
        if Catalog.objects.filter(slug=sample.slug).exists():
            api.drop(sample.slug)
        api.create(sample.slug, sample.keys, title=sample.title, description=sample.description)
        for row in sample.rows(folder):
            api.insert(sample.slug, row.values, row.location, band=row.band, **row.fields)
            bar.update()
