"""Settings of a project that was written for django-large-image 0.10: nothing here is newer."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent

SECRET_KEY = 'tests only'
ALLOWED_HOSTS = ['*']
ROOT_URLCONF = 'urls'
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
STATIC_URL = '/static/'
MEDIA_URL = '/media/'
MEDIA_ROOT = os.environ['DOWNSTREAM_MEDIA']

INSTALLED_APPS = [
    'django.contrib.admin',
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.messages',
    'django.contrib.sessions',
    'django.contrib.staticfiles',
    'rest_framework',
    'django_large_image',
    'gallery',
]
MIDDLEWARE = [
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
]
TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'DIRS': [HERE / 'templates'],
        'APP_DIRS': True,
        'OPTIONS': {
            'context_processors': [
                'django.template.context_processors.request',
                'django.contrib.auth.context_processors.auth',
                'django.contrib.messages.context_processors.messages',
            ],
        },
    },
]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}
CACHES = {
    'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'},
    'tiles': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'},
}

LARGE_IMAGE_CACHE_NAME = 'tiles'
LARGE_IMAGE_CACHE_TILESOURCE_MAXIMUM = 12
LARGE_IMAGE_CACHE_SOURCES = True
# Where 0.10 put copies of remote files, and links to local ones.
DATA_TEMP_DIR = os.environ['DOWNSTREAM_MEDIA'] + '-temporary'
