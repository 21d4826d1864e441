"""A model with a raster in PostGIS, in a database beside that of the other tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.gis.db.models import RasterField
from django.contrib.gis.gdal import GDALRaster
from django.db import connections, models
from rest_framework import viewsets

from django_large_image.rest import LargeImageRasterDetailMixin
from tests.servers import postgres

ALIAS = 'postgis'
BOUNDS = (400_000.0, 5_000_000.0, 412_800.0, 5_012_800.0)
EPSG = 32633


class Scan(models.Model):
    """A raster in PostGIS. Its table is made by the test: the default database has no rasters."""

    name = models.CharField(max_length=100)
    raster = RasterField(null=True, srid=EPSG, spatial_index=False)

    class Meta:
        app_label = 'testapp'
        managed = False

    def __str__(self) -> str:
        return self.name


class ScanViewSet(LargeImageRasterDetailMixin, viewsets.GenericViewSet):
    queryset = Scan.objects.using(ALIAS)
    RASTER_FIELD_NAME = 'raster'


@contextmanager
def connected(port: int) -> Iterator[Any]:
    """Connect to the database, which has a table of `Scan` in the block."""
    said = postgres.settings_of(port, 'django.contrib.gis.db.backends.postgis')
    connections.settings[ALIAS] = connections.configure_settings({'default': {}, ALIAS: said})[
        ALIAS
    ]
    connection = connections[ALIAS]
    try:
        with connection.cursor() as cursor:
            for extension in ('postgis', 'postgis_raster'):
                cursor.execute(f'CREATE EXTENSION IF NOT EXISTS {extension}')
        with connection.schema_editor() as editor:
            editor.create_model(Scan)
        yield connection
        with connection.schema_editor() as editor:
            editor.delete_model(Scan)
    finally:
        connection.close()
        # The tests of other modules know of one database.
        del connections[ALIAS], connections.settings[ALIAS]


def loaded(path: Path) -> GDALRaster:
    """The raster in a file, in memory: GeoDjango writes to what it stores."""
    return GDALRaster(str(path)).warp({'driver': 'MEM', 'name': 'copy'})


def stored(scans: Any, path: Path) -> Scan:
    """A row of the raster in a file."""
    return scans.create(name='dem', raster=loaded(path))
