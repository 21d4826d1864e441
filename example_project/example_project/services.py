"""Where data lives: SQLite and local files, or the services that the environment names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def database(folder: Path) -> dict[str, Any]:
    """SQLite in `folder`, or PostgreSQL where DATABASE_URL is `postgres://user:password@host/name`."""
    # A connection per request costs more than a tile.
    persistent = {'CONN_MAX_AGE': 600}
    url = urlsplit(os.environ.get('DATABASE_URL', ''))
    if not url.scheme:
        return {
            'ENGINE': 'django.db.backends.sqlite3',
            'NAME': folder / 'db.sqlite3',
            **persistent,
        }
    return {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': url.path.lstrip('/'),
        'USER': unquote(url.username or ''),
        'PASSWORD': unquote(url.password or ''),
        'HOST': url.hostname or '',
        'PORT': url.port or 5432,
        **persistent,
    }


def cache() -> dict[str, Any]:
    """Each process's own memory, or Redis where REDIS_URL names one."""
    if url := os.environ.get('REDIS_URL'):
        return {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': url}
    return {
        'BACKEND': 'django_large_image.backends.BoundedLocMemCache',
        'OPTIONS': {'MAX_BYTES': 128 * 1024 * 1024},
    }


def storages() -> dict[str, Any]:
    """Local files for the images, or S3_BUCKET where MEDIA_STORAGE is `s3` or `minio`."""
    storages = {
        'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'},
        'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'},
    }
    if os.environ.get('MEDIA_STORAGE') == 's3':
        storages['default'] = {
            'BACKEND': 'storages.backends.s3.S3Storage',
            'OPTIONS': {
                'bucket_name': os.environ['S3_BUCKET'],
                'endpoint_url': os.environ.get('S3_ENDPOINT_URL'),
            },
        }
    if os.environ.get('MEDIA_STORAGE') == 'minio':
        from minio import Minio

        endpoint, bucket = urlsplit(os.environ['S3_ENDPOINT_URL']), os.environ['S3_BUCKET']
        public = os.environ.get('S3_PUBLIC_URL') or endpoint.geturl()
        storages['default'] = {
            'BACKEND': 'minio_storage.storage.MinioStorage',
            'OPTIONS': {
                'minio_client': Minio(
                    endpoint.netloc,
                    os.environ['AWS_ACCESS_KEY_ID'],
                    os.environ['AWS_SECRET_ACCESS_KEY'],
                    secure=endpoint.scheme == 'https',
                    region='us-east-1',
                ),
                'bucket_name': bucket,
                # Signed addresses name the host that browsers know.
                'base_url': f'{public}/{bucket}',
                'presign_urls': True,
                'assume_bucket_exists': True,
            },
        }
    return storages


def upload_origin() -> str:
    """Return where browsers send their uploads; empty for the site itself."""
    if os.environ.get('MEDIA_STORAGE') not in ('s3', 'minio'):
        return ''
    public = os.environ.get('S3_PUBLIC_URL') or os.environ.get('S3_ENDPOINT_URL')
    if not public:
        return f'https://{os.environ["S3_BUCKET"]}.s3.amazonaws.com'
    return '{0.scheme}://{0.netloc}'.format(urlsplit(public))
