"""`python -m project NAME ...`: make the database anew, a row per file, numbered from 1.

The catalogue is that of the files which the environment says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command


def main(names: list[str]) -> None:
    """Fill the database with rows of these files."""
    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'project.settings')
    Path(os.environ['BENCH_DATABASE']).unlink(missing_ok=True)
    django.setup()
    call_command('migrate', run_syncdb=True, verbosity=0)
    from project.models import Raster

    for number, name in enumerate(names, start=1):
        Raster.objects.create(pk=number, name=name, file=name)
    pattern = Path(os.environ.get('BENCH_CATALOG', ''))
    if pattern.name and pattern.parent.exists():
        call_command('ingest_rasters', pattern.parent.name, str(pattern), verbosity=0)


if __name__ == '__main__':
    main(sys.argv[1:])
