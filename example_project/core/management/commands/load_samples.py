"""`manage.py load_samples`: makes the sample images and stores them as if they were uploaded."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand
from tqdm import tqdm

from core.models import ImageFile
from core.samples import SAMPLES, MissingPackageError, Sample


class Command(BaseCommand):
    help = 'Make the sample images from imagery on PyPI and load them. What exists is kept.'

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('--force', action='store_true', help='make them again')

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [sample for sample in SAMPLES if options['force'] or not is_loaded(sample)]
        if not missing:
            self.stdout.write(f'All {len(SAMPLES)} samples are there.')
            return
        with tqdm(missing, unit='image', file=self.stderr, disable=not options['verbosity']) as bar:
            for sample in bar:
                bar.set_description(sample.name)
                try:
                    load(sample)
                except MissingPackageError as error:
                    bar.write(self.style.WARNING(f'{sample.name}: {error}'), file=self.stderr)


def is_loaded(sample: Sample) -> bool:
    """Is there a row for the sample, and is its file where the row says?"""
    image = ImageFile.objects.filter(name=sample.name).first()
    return image is not None and image.file.storage.exists(image.file.name)


def load(sample: Sample) -> ImageFile:
    """Make the file, store it, and only then write the row: a run that breaks off leaves none."""
    image = ImageFile.objects.filter(name=sample.name).first() or ImageFile(name=sample.name)
    image.description = sample.description
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / sample.filename
        sample.make(path)
        remove_leftover(image, sample)
        with path.open('rb') as content:
            image.file.save(sample.filename, File(content))
    return image


def remove_leftover(image: ImageFile, sample: Sample) -> None:
    """Make the name free, unless it is another image's: else the storage would invent a new one."""
    name = image.file.field.generate_filename(image, sample.filename)
    if not ImageFile.objects.exclude(pk=image.pk).filter(file=name).exists():
        image.file.storage.delete(name)
