"""A process that asks for what is measured of a dataset: `measurer.py DATABASE FOLDER`.

It writes the mean to standard output. Whoever measures adds a line to `FOLDER/measured`, and is not
done before somebody else waits for it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from tests import settings as usual


def configure(database: str, folder: str) -> None:
    """Set Django up with a database in a file, which processes share."""
    settings.configure(
        **{
            **{name: value for name, value in vars(usual).items() if name.isupper()},
            'DATABASES': {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': database}},
            'LARGE_IMAGE': {'CATALOG_ROOTS': [folder], 'REMOTE_TIMEOUT': 60},
        }
    )
    django.setup()


def ask(folder: Path) -> float | None:
    """Return the mean of the only dataset there is, once it is measured."""
    from django_large_image.catalog import measuring
    from django_large_image.catalog.models import Dataset

    survey, sleep = measuring.survey, time.sleep

    def surveyed(*args: Any, **kwargs: Any) -> Any:
        with open(folder / 'measured', 'a') as file:
            file.write('once\n')
        while not (folder / 'waited').exists():
            sleep(0.01)
        return survey(*args, **kwargs)

    def slept(seconds: float) -> None:
        (folder / 'waited').touch()
        sleep(seconds)

    measuring.survey, measuring.time.sleep = surveyed, slept  # type: ignore[assignment]
    dataset = Dataset.objects.get()
    measuring.ensure(dataset)
    return dataset.mean


if __name__ == '__main__':
    configure(sys.argv[1], sys.argv[2])
    sys.stdout.write(f'{ask(Path(sys.argv[2]))}\n')
