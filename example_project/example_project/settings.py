"""Settings of the example project: it runs as it stands, and the environment changes what matters.

DEBUG, SECRET_KEY, ALLOWED_HOSTS and DATA_DIR say how it runs; DATABASE_URL, REDIS_URL and
MEDIA_STORAGE name services to use in place of SQLite, of each process's memory and of local files.
"""

from __future__ import annotations

import os
from pathlib import Path

from example_project import services

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get('DATA_DIR', BASE_DIR / 'var'))
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get('DEBUG', '1') == '1'
# Good enough for a demo on this machine only.
SECRET_KEY = os.environ.get('SECRET_KEY', 'demo-only-set-your-own-in-the-environment')
ALLOWED_HOSTS = os.environ.get('ALLOWED_HOSTS', 'localhost,127.0.0.1,[::1]').split(',')

INSTALLED_APPS = [
    'django.contrib.admin',
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.messages',
    'django.contrib.sessions',
    'whitenoise.runserver_nostatic',
    'django.contrib.staticfiles',
    'rest_framework',
    'drf_yasg',
    's3_file_field',
    'django_large_image',
    'django_large_image.catalog',
    'django_large_image.depth',
    'core',
]

MIDDLEWARE = [
    'django.middleware.security.SecurityMiddleware',
    'whitenoise.middleware.WhiteNoiseMiddleware',
    'example_project.middleware.ContentSecurityPolicyMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]

ROOT_URLCONF = 'example_project.urls'
WSGI_APPLICATION = 'example_project.wsgi.application'
TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
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

DATABASES = {'default': services.database(DATA_DIR)}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
CACHES = {'default': services.cache()}
STORAGES = services.storages()
UPLOAD_ORIGIN = services.upload_origin()
# Without DEBUG Django would only mail the tracebacks.
LOGGING = {
    'version': 1,
    'disable_existing_loggers': False,
    'handlers': {'console': {'class': 'logging.StreamHandler'}},
    'root': {'handlers': ['console'], 'level': 'WARNING'},
}
TIME_ZONE = 'UTC'
USE_TZ = True

MEDIA_URL = '/media/'
MEDIA_ROOT = DATA_DIR / 'media'
# Where the rasters of catalogues lie.
CATALOGS = DATA_DIR / 'catalogs'

STATIC_URL = '/static/'
STATIC_ROOT = DATA_DIR / 'static'
STATIC_ROOT.mkdir(exist_ok=True)
# CesiumJS as npm unpacked it, at the top of the project.
CESIUM = BASE_DIR.parent / 'node_modules' / 'cesium' / 'Build' / 'Cesium'
STATICFILES_DIRS = [('cesium', CESIUM)] if CESIUM.is_dir() else []
# Straight out of the apps: there is no `collectstatic` to forget.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    'DEFAULT_PAGINATION_CLASS': 'rest_framework.pagination.LimitOffsetPagination',
    'PAGE_SIZE': 50,
    # Nobody else gets an address to upload to.
    'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticatedOrReadOnly'],
}
SWAGGER_SETTINGS = {
    'DEFAULT_MODEL_RENDERING': 'example',
    'LOGIN_URL': 'admin:login',
    'LOGOUT_URL': 'admin:logout',
    'SECURITY_DEFINITIONS': None,
}
SWAGGER_USE_COMPAT_RENDERERS = False

LARGE_IMAGE = {
    'CESIUM_URL': f'{STATIC_URL}cesium/',
    'CATALOG_ROOTS': [str(CATALOGS)],
}
