"""Settings of `serve_rasters`, which needs nothing of a project: the command says in the
environment which folder is served, where its database lies, and at which host.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.core.management.utils import get_random_secret_key
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

VARIABLE = 'SERVE_RASTERS'
_asked: dict[str, str] = json.loads(os.environ.get(VARIABLE, '{}'))

SECRET_KEY = get_random_secret_key()
DEBUG = False
_LOCAL = ('localhost', '127.0.0.1', '::1')
ALLOWED_HOSTS = ['localhost', '127.0.0.1', '[::1]', _asked.get('host', 'localhost')]
USE_TZ = True
MIDDLEWARE = [f'{__name__}.for_pages_of_this_machine']
ROOT_URLCONF = 'django_large_image.catalog.urls'
STATIC_URL = '/static/'
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
INSTALLED_APPS = [
    'django.contrib.staticfiles',
    'rest_framework',
    'django_large_image',
    'django_large_image.catalog',
]
TEMPLATES: list[dict[str, Any]] = [
    {'BACKEND': 'django.template.backends.django.DjangoTemplates', 'APP_DIRS': True}
]
DATABASES = {
    'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': _asked.get('database', ':memory:')}
}
REST_FRAMEWORK: dict[str, Any] = {
    'DEFAULT_AUTHENTICATION_CLASSES': [],
    'UNAUTHENTICATED_USER': None,
}
SWAGGER_USE_COMPAT_RENDERERS = False
LARGE_IMAGE = {'CATALOG_ROOTS': [_asked['folder']] if 'folder' in _asked else []}


def for_pages_of_this_machine(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let pages that this machine serves at other ports read answers: clients of Terracotta do."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        origin = request.headers.get('Origin', '')
        patch_vary_headers(response, ['Origin'])
        if _host(origin) in _LOCAL:
            response['Access-Control-Allow-Origin'] = origin
        return response

    return answer


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
