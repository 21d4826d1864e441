"""The four floors: a floor imports only from the floors below it, and from what all may use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import django_large_image

PACKAGE = 'django_large_image'
ROOT = Path(django_large_image.__file__).parent
FLOORS = ['rest', 'storage', 'sources', 'pixels']  # from the top
COMMON = {'exceptions', 'metrics'}  # they depend on nothing
SETTLED = {'conf', 'cache'}  # they know Django's settings and caches: for the floors above pixels
FOREIGN = {
    'pixels': {'django', 'drf_yasg', 'large_image', 'osgeo', 'rest_framework'},
    'sources': {'django.db', 'django.http', 'django.views', 'drf_yasg', 'rest_framework'},
    'storage': {'django.http', 'django.views', 'drf_yasg', 'rest_framework'},
    'rest': {'osgeo'},
}
MAX_LINES = 400
LONGER: set[str] = set()
MODULES = sorted(path for path in ROOT.rglob('*.py') if 'migrations' not in path.parts)


def imported(tree: ast.AST, module: str) -> Iterator[str]:
    """Yield the absolute names of all that a module imports, wherever the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                package = module.split('.')[: -node.level]
                base = '.'.join([*package, *filter(None, [base])])
            yield from (f'{base}.{alias.name}' for alias in node.names)


def violations(floor: str, source: str, module: str) -> list[str]:
    """Return the names that a module of a floor may not import."""
    below = set(FLOORS[FLOORS.index(floor) :])
    allowed = below | COMMON | (SETTLED if floor != 'pixels' else set()) | {'__version__'}
    wrong = []
    for name in imported(ast.parse(source), module):
        first, _, rest = name.partition('.')
        if first == PACKAGE:
            if rest.split('.')[0] not in allowed:
                wrong.append(name)
        elif any(f'{name}.'.startswith(f'{foreign}.') for foreign in FOREIGN[floor]):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize('floor', FLOORS)
def test_a_floor_imports_only_from_below(floor):
    wrong = {}
    for path in (ROOT / floor).rglob('*.py'):
        module = '.'.join([PACKAGE, *path.relative_to(ROOT).with_suffix('').parts])
        if found := violations(floor, path.read_text(encoding='utf-8'), module):
            wrong[module] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ('floor', 'line', 'wrong'),
    [
        ('pixels', 'import numpy', []),
        ('pixels', 'from django_large_image.exceptions import StyleError', []),
        ('pixels', 'from django_large_image.conf import settings', True),
        ('pixels', 'from osgeo import gdal', True),
        ('pixels', 'from ..sources import metadata', True),
        ('pixels', 'from .raster import Raster', []),
        ('sources', 'from django_large_image.pixels.raster import Raster', []),
        ('sources', 'from django_large_image import storage', True),
        ('sources', 'def f():\n    import django.http', True),
        ('storage', 'from django.db.models.fields.files import FieldFile', []),
        ('storage', 'from rest_framework.response import Response', True),
        ('rest', 'from django_large_image import __version__', []),
        ('rest', 'import osgeo.gdal', True),
    ],
)
def test_the_check_sees_what_it_should(floor, line, wrong):
    assert bool(violations(floor, line, f'{PACKAGE}.{floor}.module')) is bool(wrong)


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_small(path):
    name = str(path.relative_to(ROOT))
    lines = len(path.read_text(encoding='utf-8').splitlines())
    assert lines < MAX_LINES or name in LONGER
