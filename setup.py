"""Packaging of django-large-image: metadata, extras and large-image's entry points."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
PACKAGE = 'django_large_image'

COLORMAPS = ['matplotlib', 'palettable']
FAST = ['isal']
SOURCES = [
    'large-image-converter',
    'large-image-source-multi',
    'large-image-source-pil',
    'large-image-source-tiff',
]
DOCS = ['furo', 'myst-parser', 'sphinx>=7']
EXAMPLE = ['basemap-data', 'granian', 'gunicorn>=26', 'tqdm', 'whitenoise']
S3 = ['django-minio-storage', 'django-storages[s3]']
SERVICES = [*S3, 'psycopg[binary]', 'redis']
TEST = [
    'django-stubs',
    'djangorestframework-stubs',
    'hypothesis',
    'iiif-validator',
    'jsonschema',
    'moto[s3,server]',
    'mypy',
    'playwright',
    'prometheus-client',
    'psycopg[binary]',
    'pytest',
    'pytest-django',
    'pytest-xdist',
    'pyyaml',
    'ruff',
    'types-PyYAML',
    'types-tqdm',
]


def version() -> str:
    """Read the version without importing the package: its dependencies may not be there yet."""
    text = (HERE / PACKAGE / '__init__.py').read_text(encoding='utf-8')
    match = re.search(r"^__version__ = '([^']+)'$", text, re.MULTILINE)
    if match is None:
        raise RuntimeError(f'{PACKAGE}/__init__.py names no version.')
    return match.group(1)


def readme() -> str:
    """The README as the long description, where there is one."""
    path = HERE / 'README.md'
    return path.read_text(encoding='utf-8') if path.exists() else ''


setup(
    name='django-large-image',
    version=version(),
    description='Tiles, regions, pixels and viewers of large images for Django REST framework',
    long_description=readme(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed', 'templates/**/*', 'static/**/*']},
    zip_safe=False,
    python_requires='>=3.10',
    install_requires=[
        'django>=4.2',
        'django-s3-file-field',
        'djangorestframework>=3.14',
        'drf-yasg>=1.21.7',
        'large-image>=1.33',
        # Brings GDAL's own binding, whose version must be that of the system's libgdal.
        'large-image-source-gdal>=1.33',
        'numpy',
        'opencv-python-headless',
        'pillow',
        'pyproj',
        'tifftools',
        'tqdm',
    ],
    extras_require={
        'colormaps': COLORMAPS,
        'fast': FAST,
        'sources': SOURCES,
        'docs': DOCS,
        'example': EXAMPLE,
        's3': S3,
        'services': SERVICES,
        'test': [*TEST, *COLORMAPS, *FAST, *S3, *SOURCES],
        'dev': [*TEST, *COLORMAPS, *FAST, *S3, *SOURCES, *DOCS, *EXAMPLE, 'pre-commit', 'tox'],
    },
    entry_points={
        'large_image.source': [
            'raster = django_large_image.sources.raster_source:RasterTileSource',
        ],
        'large_image.cache': [
            'django = django_large_image.cache:DjangoCache',
        ],
    },
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Web Environment',
        'Framework :: Django :: 4.2',
        'Framework :: Django :: 5.2',
        'Framework :: Django :: 6.0',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: GIS',
        'Topic :: Scientific/Engineering :: Image Processing',
        'Typing :: Typed',
    ],
)
