"""Settings; the environment names the database, the rasters, those of the catalogue where there is
one, and whether tiles are kept.
"""

from __future__ import annotations

import os

DEBUG = False
SECRET_KEY = 'only-for-measuring'  # noqa: S105
ALLOWED_HOSTS = ['127.0.0.1', 'testserver']
INSTALLED_APPS = [
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'rest_framework',
    'django_large_image',
    'project',
]
# The predecessor has none.
CATALOG = 'BENCH_CATALOG' in os.environ
if CATALOG:
    INSTALLED_APPS += ['django_large_image.catalog']
ROOT_URLCONF = 'project.urls'
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': os.environ['BENCH_DATABASE'],
        # A connection per request would cost more than many a tile.
        'CONN_MAX_AGE': None,
    }
}
MEDIA_ROOT = os.environ['BENCH_RASTERS']
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}]

KEEP_TILES = os.environ.get('BENCH_KEEP_TILES') == '1'
LARGE_IMAGE = {
    'TILE_CACHE': KEEP_TILES,
    'CACHE_NAME': 'images',
    'CATALOG_ROOTS': [MEDIA_ROOT] if CATALOG else [],
}
# 0.10 keeps tiles in a cache of Django's, unless that keeps nothing.
LARGE_IMAGE_CACHE_BACKEND = 'django'
CACHES = {
    'default': {
        'BACKEND': 'django.core.cache.backends.'
        + ('locmem.LocMemCache' if KEEP_TILES else 'dummy.DummyCache'),
        'OPTIONS': {'MAX_ENTRIES': 10_000},
    },
    'images': {
        'BACKEND': 'django.core.cache.backends.locmem.LocMemCache',
        'LOCATION': 'images',
        'OPTIONS': {'MAX_ENTRIES': 10_000},
    },
}
