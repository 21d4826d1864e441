"""The environment chooses where data lives."""

from __future__ import annotations

import pytest

from example_project import services


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ('DATABASE_URL', 'REDIS_URL', 'MEDIA_STORAGE'):
        monkeypatch.delenv(name, raising=False)


def test_sqlite_by_default(tmp_path):
    assert services.database(tmp_path)['NAME'] == tmp_path / 'db.sqlite3'


def test_postgresql_by_url(monkeypatch, tmp_path):
    monkeypatch.setenv('DATABASE_URL', 'postgres://me:p%40ss@db.example:6543/images')
    assert services.database(tmp_path) == {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': 'images',
        'USER': 'me',
        'PASSWORD': 'p@ss',
        'HOST': 'db.example',
        'PORT': 6543,
        'CONN_MAX_AGE': 600,
    }


def test_redis_by_url(monkeypatch):
    assert services.cache()['BACKEND'].endswith('LocMemCache')
    monkeypatch.setenv('REDIS_URL', 'redis://cache:6379/0')
    assert services.cache() == {
        'BACKEND': 'django.core.cache.backends.redis.RedisCache',
        'LOCATION': 'redis://cache:6379/0',
    }


def test_a_bucket_by_name(monkeypatch):
    assert services.storages()['default']['BACKEND'].endswith('FileSystemStorage')
    monkeypatch.setenv('MEDIA_STORAGE', 's3')
    monkeypatch.setenv('S3_BUCKET', 'images')
    monkeypatch.setenv('S3_ENDPOINT_URL', 'http://minio:9000')
    assert services.storages()['default']['OPTIONS'] == {
        'bucket_name': 'images',
        'endpoint_url': 'http://minio:9000',
    }
