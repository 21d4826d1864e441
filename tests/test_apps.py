"""The wiring of the app."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.apps import apps
from large_image import config


@pytest.fixture
def configuration() -> Any:
    kept = dict(config.ConfigValues)
    yield config.ConfigValues
    for key, value in kept.items():
        config.setConfig(key, value)


def test_large_image_caches_in_django(configuration: Any) -> None:
    assert config.getConfig('cache_backend') == 'django'


def test_settings_of_large_image_are_handed_on(configuration: Any, settings: Any) -> None:
    settings.LARGE_IMAGE_CACHE_BACKEND = 'python'
    settings.LARGE_IMAGE_CACHE_TILESOURCE_MAXIMUM = 7
    apps.get_app_config('django_large_image').ready()
    assert config.getConfig('cache_backend') == 'python'
    assert config.getConfig('cache_tilesource_maximum') == 7


def test_importing_the_package_does_no_work() -> None:
    """No library is loaded before somebody asks for an image."""
    code = (
        'import sys, django_large_image, django_large_image.conf, django_large_image.exceptions;'
        'print([name for name in ("osgeo", "large_image", "numpy", "cv2") if name in sys.modules])'
    )
    printed = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == '[]'
