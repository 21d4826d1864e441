"""Settings of the tests: SQLite in memory, a local-memory cache, nothing outside the process."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / 'example_project'))  # its tests run here too

SECRET_KEY = 'tests only'
DEBUG = False
ALLOWED_HOSTS = ['*']
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
ROOT_URLCONF = 'tests.urls'
STATIC_URL = '/static/'
MEDIA_URL = '/media/'
MEDIA_ROOT = HERE / 'no-such-media-root'  # conftest.py gives every test its own folder

INSTALLED_APPS = [
    'django.contrib.admin',
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.messages',
    'django.contrib.sessions',
    'django.contrib.staticfiles',
    'drf_yasg',
    'rest_framework',
    's3_file_field',
    'django_large_image',
    'django_large_image.catalog',
    'django_large_image.depth',
    'tests.testapp',
    'core',
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
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']  # fast, and nothing to guard
REST_FRAMEWORK = {'DEFAULT_VERSIONING_CLASS': None}
SWAGGER_USE_COMPAT_RENDERERS = False  # drf-yasg warns otherwise
